// rpc_client QUEUE COUNT: asks the server behind QUEUE COUNT times, and waits for each answer.
//
// Answers come to a queue that the broker names, and that lives as long as the connection. An answer that was under way when a
// connection is lost is lost with its queue: so a request without an answer is sent again, under the same correlation id.
#include "example.hpp"

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

class caller {
public:
    caller(samqp::client &client, std::string queue)
        : client_(client), queue_(std::move(queue)), publisher_(client.open_publisher()),
          reply_queue_(client.declare_queue("", samqp::entity::exclusive | samqp::entity::auto_delete).name),
          // What nobody takes any more need not be acknowledged.
          replies_(client.consume(reply_queue_, samqp::options().set("consumer.auto_ack", true)))
    {
    }

    // The answer; std::nullopt if none came to any of five attempts.
    std::optional<std::string> call(std::string_view body, const std::string &correlation_id)
    {
        for (int attempt = 0; attempt < 5; attempt++) {
            if (!ask(body, correlation_id)) continue;
            if (auto answer = wait(correlation_id)) return answer;
        }
        return std::nullopt;
    }

private:
    static constexpr auto patience = 5s;

    // Whether it may have arrived; false where there was no connection for that long.
    bool ask(std::string_view body, const std::string &correlation_id)
    {
        samqp::properties properties;
        properties.correlation_id = correlation_id;
        // After a reconnect it has another name.
        properties.reply_to = client_.current_queue_name(reply_queue_);
        // Nobody waits for it any longer than that.
        properties.expiration = std::to_string(std::chrono::milliseconds(patience).count());
        try {
            publisher_.publish_wait("", queue_, body, properties, samqp::publishing::none, patience);
        } catch (const samqp::publish_error &error) {
            // Unknown: it may have arrived, and the answer will tell. Returned: nobody has declared that queue.
            if (error.outcome() == samqp::outcome::not_sent) return false;
            if (error.outcome() != samqp::outcome::unknown) throw;
        }
        return true;
    }

    std::optional<std::string> wait(const std::string &correlation_id)
    {
        const auto deadline = clock_type::now() + patience;
        while (const auto delivery = replies_.poll(deadline - clock_type::now())) {
            // Answers to others come late, and are nobody's any more.
            if (delivery->properties().correlation_id == correlation_id) return std::string(delivery->body().text());
        }
        return std::nullopt;
    }

    samqp::client &client_;
    const std::string queue_;
    samqp::publisher publisher_;
    const std::string reply_queue_;
    samqp::consumer replies_;
};

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [](const arguments &arguments) {
        samqp::client client = samqp::client::open(options_from_environment());
        caller caller(client, arguments.queue);
        for (unsigned long number = 0; number < arguments.count; number++) {
            const auto answer = caller.call("request " + std::to_string(number), std::to_string(number));
            if (!answer) throw std::runtime_error("no answer to request " + std::to_string(number));
            std::cout << *answer << '\n';
        }
        client.drain();
        return 0;
    });
}
