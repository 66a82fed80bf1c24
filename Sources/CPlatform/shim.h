/* What the Glibc module does not import: epoll, eventfd and a few calls next to them. */
#ifndef SWIFTAMQP_CPLATFORM_SHIM_H
#define SWIFTAMQP_CPLATFORM_SHIM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <sys/epoll.h>
#include <sys/eventfd.h>

#endif
