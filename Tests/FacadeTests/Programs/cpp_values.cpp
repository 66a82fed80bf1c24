// Runs: asan valgrind. swiftamqp.hpp without a broker: arguments, tables, options, properties, topologies, errors.
#include "check.hpp"

#include <array>
#include <limits>
#include <type_traits>

using namespace std::chrono_literals;

// Owners are moved, never copied, and moving does not throw.
template <class... Types>
constexpr bool are_owners =
    ((!std::is_copy_constructible_v<Types> && !std::is_copy_assignable_v<Types> && std::is_nothrow_move_constructible_v<Types>
      && std::is_nothrow_move_assignable_v<Types> && std::is_nothrow_destructible_v<Types>) && ...);
static_assert(are_owners<samqp::options, samqp::table, samqp::list, samqp::topology, samqp::events, samqp::event>);
static_assert(are_owners<samqp::client, samqp::publisher, samqp::consumer, samqp::delivery, samqp::channel, samqp::plan>);
static_assert(std::is_nothrow_copy_constructible_v<samqp::error> && std::is_nothrow_copy_constructible_v<samqp::publish_error>);

static void check_arguments()
{
    CHECK(samqp::version() == SAMQP_VERSION);
    CHECK(samqp::version_string() == samqp_version_string());
    CHECK(samqp::status_name(SAMQP_ERR_STALE) == "SAMQP_ERR_STALE");

    CHECK(samqp::timeout(2s).count() == 2000);
    CHECK(samqp::timeout(1us).count() == 1);
    CHECK(samqp::timeout(std::chrono::duration<double>(0.0011)).count() == 2);
    // A deadline that has passed is no reason to wait for ever.
    CHECK(samqp::timeout(-1ms).count() == 0);
    CHECK(samqp::timeout(-2h).count() == 0);
    CHECK(samqp::timeout(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())).count() == 0);
    CHECK(samqp::timeout(std::chrono::hours::max()).count() == 315'360'000'000);
    CHECK(samqp::timeout(std::chrono::hours::min()).count() == 0);
    CHECK(samqp::forever.count() == -1 && samqp::no_wait.count() == 0);

    const std::string long_text(300, 'x');
    CHECK(samqp::text(std::string_view("abc").substr(1)).c_str() == std::string("bc"));
    CHECK(samqp::text(std::string_view()).c_str() == std::string());
    CHECK(samqp::text(std::string_view(long_text).substr(0, 255)).c_str() == long_text.substr(0, 255));
    CHECK(samqp::text(std::string_view(long_text).substr(0, 256)).c_str() == long_text.substr(0, 256));
    CHECK(samqp::text(long_text).c_str() == long_text.c_str());
    const std::string with_zero("a\0b", 3);
    CHECK_THROWS(samqp::text(with_zero), SAMQP_ERR_INVALID_ARGUMENT);
    CHECK_THROWS(samqp::text(std::string_view(with_zero)), SAMQP_ERR_INVALID_ARGUMENT);

    CHECK(samqp::bytes("abc").size() == 3 && samqp::bytes("abc").text() == "abc");
    CHECK(samqp::bytes(with_zero).size() == 3 && samqp::bytes(std::string_view("xy")).text() == "xy");
    const std::vector<std::uint8_t> vector{1, 2, 255};
    CHECK(samqp::bytes(vector).copy() == vector);
    CHECK(samqp::bytes(std::array<char, 2>{'h', 'i'}).size() == 2);
    CHECK(samqp::bytes().empty() && samqp::bytes().text().empty() && samqp::bytes(std::vector<char>()).copy().empty());
#if __cplusplus >= 202002L
    const std::span<const std::byte> span = samqp::bytes(vector);
    CHECK(span.size() == 3 && span[2] == std::byte{255} && samqp::bytes(span).copy() == vector);
#endif
}

static void check_kinds()
{
    const samqp::list kinds{
        true, std::int8_t{-1}, std::uint8_t{1}, std::int16_t{-2}, std::uint16_t{2}, std::int32_t{-3}, std::uint32_t{3},
        std::int64_t{-4}, std::uint64_t{4}, std::numeric_limits<std::uint64_t>::max(), 1.5f, 2.5, samqp::decimal{2, 314},
        "text", std::string("string"), std::string_view("view"), samqp::bytes("bytes"), samqp::timestamp{7}, nullptr,
        samqp::table{{"inner", 1}}, samqp::list{1, 2}, samqp::table{}, samqp::list{}};
    const std::string expected = "tbBsuIillLfdDSSSxTVFAFA";
    CHECK(kinds.size() == expected.size());
    for (std::size_t index = 0; index < expected.size(); index++) {
        CHECK(kinds.view().kind_at(index) == expected[index]);
        CHECK(kinds.view().key_at(index).empty());
    }
    const samqp::table_view view = kinds.view();
    CHECK(view.get_at<bool>(0) == true);
    CHECK(view.get_at<int>(1) == -1 && view.get_at<std::int64_t>(7) == -4 && view.get_at<unsigned>(8) == 4u);
    CHECK(view.get_at<std::uint64_t>(9) == std::numeric_limits<std::uint64_t>::max());
    CHECK(view.get_at<double>(10) == 1.5 && view.get_at<double>(11) == 2.5);
    CHECK(view.get_at<samqp::decimal>(12)->scale == 2 && view.get_at<samqp::decimal>(12)->value == 314);
    CHECK(view.get_at<std::string_view>(13) == "text" && view.get_at<std::string>(15) == "view");
    CHECK(view.get_at<samqp::bytes>(16)->text() == "bytes" && view.get_at<samqp::timestamp>(17)->seconds == 7);
    CHECK(view.get_at<samqp::table_view>(19)->get<int>("inner") == 1);
    CHECK(view.get_at<samqp::table_view>(20)->get_at<int>(1) == 2);
    CHECK(view.get_at<samqp::table_view>(21)->empty() && view.get_at<samqp::table_view>(22)->empty());
    CHECK(!view.get_at<int>(23) && view.kind_at(23) == 0 && view.key_at(23).empty());
    // Numbers that do not fit are not cut off.
    CHECK_THROWS(view.get_at<int>(9), SAMQP_ERR_WRONG_TYPE);
    CHECK_THROWS(view.get_at<unsigned>(1), SAMQP_ERR_WRONG_TYPE);
    CHECK_THROWS(view.get_at<std::uint8_t>(9), SAMQP_ERR_WRONG_TYPE);
    CHECK_THROWS((samqp::list{1000}.view().get_at<std::int8_t>(0)), SAMQP_ERR_WRONG_TYPE);
    CHECK_THROWS((samqp::list{1000}.view().get_at<std::uint8_t>(0)), SAMQP_ERR_WRONG_TYPE);
    CHECK_THROWS(view.get_at<int>(13), SAMQP_ERR_WRONG_TYPE);
    CHECK_THROWS((samqp::list{std::numeric_limits<double>::infinity()}), SAMQP_ERR_INVALID_ARGUMENT);
}

static void check_tables()
{
    samqp::table table{{"x-max-length", 1000}, {"x-overflow", "reject-publish"}};
    CHECK(table.size() == 2 && table.contains("x-overflow") && !table.contains("x"));
    CHECK(table.get<long>("x-max-length") == 1000 && !table.get<long>("x"));
    const samqp::table copied = table.copy();
    table.set("x-max-length", 5).set("more", nullptr).set(std::string_view("view"), std::string("value"));
    CHECK(table.size() == 4 && table.get<int>("x-max-length") == 5 && table.view().key_at(0) == "x-max-length");
    CHECK(table.view().kind("more") == SAMQP_KIND_VOID && table.get<std::string>("view") == "value");
    CHECK(copied.size() == 2 && copied.get<int>("x-max-length") == 1000);
    CHECK(table.remove("more") && !table.remove("more") && table.size() == 3);
    CHECK_THROWS(table.set("a\0b" + std::string(300, 'k'), 1), SAMQP_ERR_INVALID_ARGUMENT);
    CHECK_THROWS(table.set(nullptr, 1), SAMQP_ERR_INVALID_ARGUMENT);
    CHECK_THROWS(table.set("key", std::string("a\0b", 3)), SAMQP_ERR_INVALID_ARGUMENT);

    samqp::table moved = std::move(table);
    CHECK(moved.size() == 3);
    table = std::move(moved);
    CHECK(table.size() == 3);

    const samqp::table nothing;
    CHECK(nothing.empty() && nothing.native() == nullptr && !nothing.get<int>("x") && !nothing.contains("x"));
    CHECK(nothing.copy().empty() && samqp::table().remove("x") == false);

    CHECK(samqp::timestamp::from(std::chrono::system_clock::time_point(1500ms)).seconds == 1);
    CHECK_THROWS(samqp::timestamp::from(std::chrono::system_clock::time_point(-1ms)), SAMQP_ERR_INVALID_ARGUMENT);
    CHECK(samqp::timestamp::now().seconds > 1'700'000'000);
}

static void check_options()
{
    samqp::options options("amqp://user:secret@localhost:1/vhost");
    options.set("publisher.policy", "once").set("publisher.window", 10).set("publisher.window", std::size_t{7})
        .set("publisher.mandatory", false).set("publisher.timeout_ms", 1500ms).set("client.first_connect_ms", "2000")
        .set("consumer.arguments", samqp::table{{"x-priority", 3}}).set("consumer.arguments", samqp::table())
        .add_endpoint("amqp://localhost:2/");
    const samqp::options copied = options.copy();
    CHECK(copied.native() != nullptr && copied.native() != options.native());
    const samqp::error unknown = CHECK_THROWS(options.set("publisher.windo", 1), SAMQP_ERR_INVALID_ARGUMENT);
    CHECK(std::string(unknown.what()).find("publisher.window") != std::string::npos);
    CHECK(unknown.cause() == SAMQP_ERR_INVALID_ARGUMENT && unknown.reply_code() == 0 && unknown.system_errno() == 0);
    CHECK(!unknown.is_retriable() && unknown.endpoint().empty());
    CHECK_THROWS(options.set("publisher.window", 0), SAMQP_ERR_INVALID_ARGUMENT);
    CHECK_THROWS(options.set("publisher.window", std::numeric_limits<std::uint64_t>::max()), SAMQP_ERR_INVALID_ARGUMENT);
    CHECK_THROWS(options.set("publisher.policy", "never"), SAMQP_ERR_INVALID_ARGUMENT);
    CHECK_THROWS(options.add_endpoint("http://localhost/"), SAMQP_ERR_INVALID_ARGUMENT);
    CHECK_THROWS(samqp::options(""), SAMQP_ERR_INVALID_ARGUMENT);

    CHECK(!samqp::option_keys().empty());
    for (const std::string_view key : samqp::option_keys()) CHECK(!samqp::option_help(key).empty());
    CHECK(samqp::option_help("no such key").empty());

    samqp::topology topology;
    topology.add_exchange("e", "topic").add_queue("q", samqp::entity::durable | samqp::entity::quorum)
        .add_queue("limited", samqp::entity::durable, {{"x-max-length", 10}}).add_binding("q", "e", "order.#")
        .add_exchange_binding("e", "amq.fanout");
    options.set_topology(topology);
    CHECK_THROWS(topology.add_queue("bad\xff", samqp::entity::durable), SAMQP_ERR_INVALID_ARGUMENT);
    CHECK_THROWS(topology.add_queue(std::string(256, 'q')), SAMQP_ERR_INVALID_ARGUMENT);
}

static void check_properties()
{
    samqp::properties properties;
    CHECK(properties.native().content_type == nullptr && properties.native().headers == nullptr);
    properties.content_type = "text/plain";
    properties.reply_to = std::string("somewhere");
    properties.headers = samqp::table{{"version", 2}};
    properties.timestamp = samqp::timestamp{12};
    properties.priority = std::uint8_t{0};
    properties.mode = samqp::delivery_mode::transient;
    const samqp_properties raw = properties.native();
    CHECK(raw.struct_size == sizeof raw && raw.has_timestamp == 1 && raw.timestamp == 12 && raw.has_priority == 1);
    CHECK(raw.delivery_mode == SAMQP_TRANSIENT && raw.headers == properties.headers.native());
    CHECK_TEXT(raw.content_type, "text/plain");
    const samqp::properties again{samqp::properties_view(raw)};
    CHECK(again.reply_to == "somewhere" && !again.type && again.headers.get<int>("version") == 2);
    CHECK(again.priority == std::uint8_t{0} && again.timestamp->seconds == 12 && again.mode == properties.mode);
    properties.type = std::string("a\0b", 3);
    CHECK_THROWS(properties.native(), SAMQP_ERR_INVALID_ARGUMENT);
}

static void check_errors()
{
    const samqp::error error(SAMQP_ERR_RETURNED, "no queue");
    CHECK_TEXT(error.what(), "no queue");
    const samqp::publish_error failed(error, 3);
    CHECK(failed.outcome() == samqp::outcome::returned && failed.failed() == 3 && failed.is_in_no_queue());
    CHECK(!samqp::publish_error(samqp::error(SAMQP_ERR_UNKNOWN, "")).is_in_no_queue());
    CHECK(!samqp::publish_error(samqp::error(SAMQP_ERR_NACKED, "")).is_in_no_queue());
    CHECK(samqp::publish_error(samqp::error(SAMQP_ERR_NOT_SENT, "")).is_in_no_queue());
    // As anything that is thrown: a base, and a std::exception.
    try {
        throw failed;
    } catch (const std::runtime_error &caught) {
        CHECK(dynamic_cast<const samqp::error &>(caught).code() == SAMQP_ERR_RETURNED);
    }
}

int main()
{
    return run_checks([] {
        check_arguments();
        check_kinds();
        check_tables();
        check_options();
        check_properties();
        check_errors();
    });
}
