// What all examples have in common: their arguments, and the end of a program that cannot go on.
#pragma once

#include <cstdlib>
#include <iostream>
#include <string>
#include <swiftamqp.hpp>

// Options with the broker that AMQP_URL names.
inline samqp::options options_from_environment()
{
    const char *url = std::getenv("AMQP_URL");
    return samqp::options(url ? url : "amqp://guest:guest@localhost/");
}

// Two arguments: the name of a queue, and a number.
struct arguments {
    std::string queue;
    unsigned long count = 0;
};

// Runs `body(arguments)`, whose result is the exit status, and says what it throws.
template <class Body>
int run(int argc, char **argv, Body body)
{
    try {
        if (argc != 3) throw std::invalid_argument(std::string("usage: ") + argv[0] + " QUEUE COUNT");
        return body(arguments{argv[1], std::stoul(argv[2])});
    } catch (const samqp::error &error) {
        std::cerr << samqp::status_name(error.code()) << ": " << error.what() << '\n';
    } catch (const std::exception &error) {
        std::cerr << error.what() << '\n';
    }
    return 1;
}
