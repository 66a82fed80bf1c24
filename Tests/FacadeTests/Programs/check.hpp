// What the C++ programs of this folder check with, beside check.h.
#ifndef CHECK_HPP
#define CHECK_HPP

#include <swiftamqp.hpp>

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>

#include "check.h"

// That a call throws a samqp::error with this code; gives it.
template <class Call>
samqp::error thrown_by(Call call, samqp_status code, int line)
{
    try {
        call();
    } catch (const samqp::error &error) {
        if (error.code() == code) return error;
        std::fprintf(stderr, "line %d: threw %s: %s\n", line, samqp_status_name(error.code()), error.what());
        std::exit(1);
    }
    std::fprintf(stderr, "line %d: threw nothing, not %s\n", line, samqp_status_name(code));
    std::exit(1);
}

#define CHECK_THROWS(call, code) thrown_by([&] { (void)(call); }, (code), __LINE__)

// Counts what other threads have done, and waits for it.
class counter {
public:
    void add()
    {
        const std::lock_guard<std::mutex> guard(lock_);
        count_ += 1;
        changed_.notify_all();
    }
    int count()
    {
        const std::lock_guard<std::mutex> guard(lock_);
        return count_;
    }
    // Ends the program if that takes a minute.
    void wait_for(int wanted)
    {
        std::unique_lock<std::mutex> guard(lock_);
        CHECK(changed_.wait_for(guard, std::chrono::minutes(1), [&] { return count_ >= wanted; }));
    }

private:
    std::mutex lock_;
    std::condition_variable changed_;
    int count_ = 0;
};

// A name for a queue or exchange that no other run uses.
inline std::string unique(const char *purpose)
{
    static int last = 0;
    return "swiftamqp-cpp-" + std::to_string(getpid()) + "-" + purpose + "-" + std::to_string(++last);
}

inline samqp::options broker_options() { return samqp::options(broker_url()); }

// Runs the program: what it throws is not expected.
template <class Body>
int run_checks(Body body)
{
    try {
        body();
    } catch (const std::exception &exception) {
        std::fprintf(stderr, "threw: %s\n", exception.what());
        return 1;
    }
    return finish();
}

#endif
