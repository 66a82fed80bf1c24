/* Deliveries that a thread of the library has lent, and waits for: see jobs.c. */
#ifndef SWIFTAMQP_JOBS_H
#define SWIFTAMQP_JOBS_H

#include "core.h"

typedef struct desk desk;
typedef struct job job;

/* The handler that the library calls; `user` is the number of a desk. */
int32_t jobs_handle(samqp_delivery *delivery, void *user);
/* What jobs_handle has to be called with for the Jobs of an argument. */
bool take_jobs(PyObject *value, void **user, bool *is_given);

/* A delivery that is lent until job_answer; takes over a use of the desk, also where it fails. */
PyObject *delivery_lend(samqp_delivery *handle, desk *d, job *j);
/* Has the thread of the library go on, and gives up the use of the desk. Nothing in the child of a fork. */
void job_answer(desk *d, job *j, int32_t answer);

#endif
