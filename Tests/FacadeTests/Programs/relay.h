/* A relay between a program and its broker, which cuts the connections that go through it when it is told to. */
#ifndef RELAY_H
#define RELAY_H

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include "session.h"

enum { RELAYED = 16 };

static struct relay {
    int listener;
    struct addrinfo *broker;
    char uri[1200];
    int port;
    /* Whoever connects is let go at once. */
    _Atomic int is_down;
    /* Guards the pairs: a descriptor is closed by its own thread, after it was taken out of here. */
    pthread_mutex_t mutex;
    int pairs[RELAYED][2];
} relay = {.listener = -1, .mutex = PTHREAD_MUTEX_INITIALIZER};

/* Passes on what there is to read. 0 at the end of the stream. */
static int relay_some(int from, int to)
{
    char buffer[16384];
    ssize_t count = recv(from, buffer, sizeof buffer, 0), sent = 0;
    if (count <= 0) return 0;
    while (sent < count) {
        ssize_t part = send(to, buffer + sent, (size_t)(count - sent), MSG_NOSIGNAL);
        if (part <= 0) return 0;
        sent += part;
    }
    return 1;
}

static void *relay_pair(void *argument)
{
    int *pair = argument;
    struct pollfd entries[2] = {{pair[0], POLLIN, 0}, {pair[1], POLLIN, 0}};
    for (;;) {
        CHECK(poll(entries, 2, -1) > 0);
        if (entries[0].revents != 0 && !relay_some(pair[0], pair[1])) break;
        if (entries[1].revents != 0 && !relay_some(pair[1], pair[0])) break;
    }
    pthread_mutex_lock(&relay.mutex);
    pair[0] = pair[1] = -1;
    pthread_mutex_unlock(&relay.mutex);
    close(entries[0].fd);
    close(entries[1].fd);
    return NULL;
}

static void *relay_accept(void *unused)
{
    (void)unused;
    for (;;) {
        int client = accept(relay.listener, NULL, NULL), index;
        int broker = socket(relay.broker->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        pthread_t thread;
        CHECK(client >= 0 && broker >= 0);
        if (relay.is_down) {
            close(client);
            close(broker);
            continue;
        }
        CHECK(connect(broker, relay.broker->ai_addr, relay.broker->ai_addrlen) == 0);
        pthread_mutex_lock(&relay.mutex);
        for (index = 0; index < RELAYED && relay.pairs[index][0] >= 0; index++) {}
        CHECK(index < RELAYED);
        relay.pairs[index][0] = client;
        relay.pairs[index][1] = broker;
        pthread_mutex_unlock(&relay.mutex);
        CHECK(pthread_create(&thread, NULL, relay_pair, relay.pairs[index]) == 0 && pthread_detach(thread) == 0);
    }
    return NULL;
}

/* Begins to relay to the broker of this run, as long as the program lives. */
static inline void relay_start(void)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    char url[512], *host, *port, *rest;
    pthread_t thread;
    CHECK(snprintf(url, sizeof url, "%s", broker_url()) < (int)sizeof url);
    CHECK((host = strchr(url, '@')) != NULL);
    *host++ = 0;
    CHECK((rest = strchr(host, '/')) != NULL);
    *rest++ = 0;
    if ((port = strchr(host, ':')) != NULL) *port++ = 0;
    CHECK(getaddrinfo(host, port != NULL ? port : "5672", &hints, &relay.broker) == 0);
    memset(relay.pairs, -1, sizeof relay.pairs);
    relay.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(relay.listener >= 0 && bind(relay.listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(listen(relay.listener, 64) == 0);
    CHECK(getsockname(relay.listener, (struct sockaddr *)&address, &length) == 0);
    relay.port = ntohs(address.sin_port);
    snprintf(relay.uri, sizeof relay.uri, "%s@127.0.0.1:%d/%s", url, relay.port, rest);
    CHECK(pthread_create(&thread, NULL, relay_accept, NULL) == 0 && pthread_detach(thread) == 0);
}

/* Ends every connection that goes through, without a word to either side. Gives how many they were. */
static inline int relay_cut(void)
{
    int index, count = 0;
    pthread_mutex_lock(&relay.mutex);
    for (index = 0; index < RELAYED; index++) {
        if (relay.pairs[index][0] < 0) continue;
        shutdown(relay.pairs[index][0], SHUT_RDWR);
        shutdown(relay.pairs[index][1], SHUT_RDWR);
        count++;
    }
    pthread_mutex_unlock(&relay.mutex);
    return count;
}

#endif
