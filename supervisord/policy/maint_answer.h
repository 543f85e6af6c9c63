/* SPDX-License-Identifier: GPL-2.0-or-later */
/* maint_answer - what MinIO said when it was asked whether this node may leave. */
#ifndef SUPERVISORD_MAINT_ANSWER_H
#define SUPERVISORD_MAINT_ANSWER_H

enum maint_answer_kind {
    MAINT_ANSWER_NONE,    /* nobody asked */
    MAINT_ANSWER_PENDING, /* not answered yet */
    MAINT_ANSWER_MAY,     /* it may leave, or there is nobody to be asked */
    MAINT_ANSWER_NEEDED,  /* 412: without this node there would be no quorum */
    MAINT_ANSWER_UNKNOWN, /* no answer in time, or none that says anything */
};

struct maint_answer {
    enum maint_answer_kind kind;
    char text[160]; /* who said what, in words */
};

#endif
