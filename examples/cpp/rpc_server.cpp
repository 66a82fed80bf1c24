// rpc_server QUEUE COUNT: answers COUNT requests (0: for ever) with their text in capital letters, to the queue that each names
// in reply_to, under its correlation id.
//
// A request is acknowledged when the broker has its answer. So an answer is never lost, and may come twice.
#include "example.hpp"

#include <algorithm>
#include <cctype>
#include <condition_variable>
#include <mutex>

namespace {

// Becomes true once.
class latch {
public:
    void open()
    {
        const std::lock_guard<std::mutex> guard(lock_);
        is_open_ = true;
        opened_.notify_all();
    }
    void wait()
    {
        std::unique_lock<std::mutex> guard(lock_);
        opened_.wait(guard, [this] { return is_open_; });
    }

private:
    std::mutex lock_;
    std::condition_variable opened_;
    bool is_open_ = false;
};

samqp::settle answer(samqp::publisher &publisher, samqp::delivery_ref request)
{
    const samqp::properties_view asked = request.properties();
    // Nobody can be answered: not a request, and no second try would make it one.
    if (!asked.reply_to) return samqp::settle::reject;
    std::string text(request.body().text());
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char letter) {
        return static_cast<char>(std::toupper(letter));
    });
    samqp::properties properties;
    properties.correlation_id = asked.correlation_id;
    properties.mode = samqp::delivery_mode::transient;
    // Who asked may have gone, and its queue with it: that is no error of ours. Any other throws, and the request comes again.
    publisher.publish_wait("", *asked.reply_to, text, properties, samqp::publishing::unroutable_ok);
    return samqp::settle::ack;
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [](const arguments &arguments) {
        samqp::client client = samqp::client::open(options_from_environment());
        client.declare_queue(arguments.queue);
        samqp::publisher publisher = client.open_publisher();
        latch end;
        unsigned long answered = 0;
        // One handler at a time: "consumer.max_concurrency" is 1.
        samqp::consumer consumer = client.consume(arguments.queue, {}, [&](samqp::delivery_ref request) {
            const samqp::settle result = answer(publisher, request);
            if (result == samqp::settle::ack && ++answered == arguments.count) end.open();
            return result;
        });
        end.wait();
        client.drain();
        std::cout << "answered " << answered << '\n';
        return 0;
    });
}
