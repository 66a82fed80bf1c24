// publisher QUEUE COUNT: publishes COUNT messages, a thousand on their way at a time, and knows of each what became of it.
//
// Exit status 0: every message is confirmed, and in the queue.
#include "example.hpp"

namespace {

class counting_publisher {
public:
    counting_publisher(samqp::client &client, const arguments &arguments)
        : arguments_(arguments), publisher_(client.open_publisher(samqp::options().set("publisher.window", 1000), events_))
    {
    }

    // Whether every message was confirmed.
    bool run()
    {
        publish_some();
        while (confirmed_ + failed_ < arguments_.count) {
            for (const samqp::event &event : events_.poll_batch(samqp::forever, 256)) {
                if (event.type() == samqp::event_type::confirm) count(event);
                // There is room again. It comes once for each time that there was none.
                if (event.type() == samqp::event_type::writable) publish_some();
            }
        }
        std::cout << "confirmed " << confirmed_ << ", failed " << failed_ << '\n';
        return failed_ == 0;
    }

private:
    // Until there is no room, or nothing left.
    void publish_some()
    {
        for (; next_ < arguments_.count; next_++) {
            if (!publisher_.try_publish("", arguments_.queue, "message " + std::to_string(next_))) return;
        }
    }

    // Every publish that was taken has exactly one confirm, under its tag.
    void count(const samqp::event &event)
    {
        try {
            event.throw_if_failed();
            confirmed_++;
        } catch (const samqp::publish_error &error) {
            failed_++;
            std::cerr << "message " << event.tag() << ": " << error.what()
                      << (error.is_in_no_queue() ? "; it is in no queue\n" : "; it may be in its queue\n");
        }
    }

    const arguments arguments_;
    samqp::events events_;
    samqp::publisher publisher_;
    unsigned long next_ = 0, confirmed_ = 0, failed_ = 0;
};

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [](const arguments &arguments) {
        samqp::client client = samqp::client::open(options_from_environment());
        client.declare_queue(arguments.queue);
        const bool is_all_confirmed = counting_publisher(client, arguments).run();
        client.drain();
        return is_all_confirmed ? 0 : 1;
    });
}
