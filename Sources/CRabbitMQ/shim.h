/*
 * rabbitmq-c moved its headers into a folder of their own in 0.12 and warns about the old place since then;
 * 0.10 and 0.11 know only the old one. Both layouts are taken, so that 0.10 to 0.18 build without a warning.
 */
#ifndef SWIFTAMQP_CRABBITMQ_SHIM_H
#define SWIFTAMQP_CRABBITMQ_SHIM_H

#if defined(__has_include) && __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>
#else
#include <amqp.h>
#include <amqp_framing.h>
#endif

#endif
