#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

static long status(const char *field) {
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long value = 0;
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, field, strlen(field)) == 0) sscanf(line + strlen(field), ":%ld", &value);
    if (file) fclose(file);
    return value;
}

// Connections that do nothing, and what the process holds then. Nobody answers heartbeats here: that takes a call of the
// library for each connection, again and again.
void idle(struct run *run) {
    amqp_connection_state_t *connections = must_allocate(run->connections * sizeof *connections);
    connections[0] = open_connection(&run->to);
    long with_one = status("VmRSS");
    for (unsigned i = 1; i < run->connections; i++) connections[i] = open_connection(&run->to);
    usleep(300 * 1000);
    unsigned more = run->connections > 1 ? run->connections - 1 : 1;
    printf("{\"peer\":\"rabbitmq-c\",\"work\":\"idle\",\"messages\":0,\"body_bytes\":%zu,\"connections\":%u,"
           "\"peak_kib\":%ld,\"kib_each\":%.2f,\"threads\":%ld}\n",
           run->body_size, run->connections, status("VmHWM"), (double)(status("VmRSS") - with_one) / more,
           status("Threads"));
    for (unsigned i = 0; i < run->connections; i++) amqp_destroy_connection(connections[i]);
}
