/// \file swiftamqp.hpp
/// SwiftAMQP for C++17 and later: everything of swiftamqp.h in namespace samqp, with owners, exceptions and lambdas.
///
///     samqp::options options("amqp://guest:guest@localhost/");
///     samqp::client client = samqp::client::open(options);
///     client.declare_queue("orders", samqp::entity::durable);
///     samqp::publisher publisher = client.open_publisher();
///     publisher.publish_wait("", "orders", "hello");                      // confirmed, or a samqp::publish_error
///     samqp::consumer consumer = client.consume("orders", {}, [](samqp::delivery_ref delivery) {
///         std::cout << delivery.body().text() << '\n';
///         return samqp::settle::ack;
///     });
///
/// This file has no library of its own: link with -lswiftamqp. What functions mean is told in full by swiftamqp.h, whose
/// names they have; here stands what C++ adds.
///
/// RULES THAT HOLD FOR EVERYTHING HERE
///
/// Ownership   Each class that stands for a thing of the library owns its handle, is movable and cannot be copied; its
///             destructor gives the handle up. Owners are destroyed in any order. One that was moved from may only be
///             destroyed or assigned to. `native()` lends the handle of C, `release()` gives it away, `adopt()` takes one.
///             Views (string_view, bytes, table_view, properties_view, delivery_ref) borrow from what they were asked of.
/// Destructors Do not wait, but for two: those of a consumer with a handler, and of events that are dispatched or notify,
///             wait until calls of the function that run have returned (not for the one they are called in). So a function
///             may use what lives longer than the consumer or the events.
/// Exceptions  What fails throws samqp::error, or its child samqp::publish_error; bad_alloc aside, nothing else. Destructors,
///             moves and accessors that say noexcept throw nothing. What a handler or another callback throws does not leave
///             it: it is given to the function of on_callback_exception, and a delivery is then settled as settle::retry.
/// Threads     As in swiftamqp.h: any thread may use any object at any time, but for what holds values (options, table,
///             list, topology, properties, event). Moving, assigning and destroying an object is not using it: do that in
///             one thread, when no other one uses it.
/// Time        Every duration of std::chrono is a timeout; negative ones do not wait, as those of a deadline that has passed.
///             samqp::forever waits without a limit, samqp::no_wait not at all.
/// Text        std::string, std::string_view and C strings, in UTF-8. Text with a zero byte in it is refused.
#ifndef SWIFTAMQP_HPP
#define SWIFTAMQP_HPP

#include <swiftamqp.h>

#if __cplusplus < 201703L
#error "swiftamqp.hpp needs C++17"
#endif

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <unistd.h>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>
#if __cplusplus >= 202002L
#include <cstddef>
#include <span>
#endif

namespace samqp {

/// The version of the library that is loaded, counted as SAMQP_VERSION.
inline std::uint32_t version() noexcept { return samqp_version(); }

/// The same as text, for example "0.1.0".
inline std::string_view version_string() noexcept { return samqp_version_string(); }

/// The name of a status, for example "SAMQP_ERR_TIMEOUT".
inline std::string_view status_name(samqp_status code) noexcept { return samqp_status_name(code); }

// ------------------------------------------------------------------------------------------------ Errors

/// What went wrong. Copies share what they hold, and copying does not throw.
class error : public std::runtime_error {
public:
    /// An error that this file finds, or that C gave as a mere status.
    error(samqp_status code, const std::string &message)
        : std::runtime_error(message), details_(std::make_shared<const details>(details{code, code, 0, 0, false, {}}))
    {
    }

    /// A copy of one of C, which stays its owner's.
    explicit error(const samqp_error *raw)
        : std::runtime_error(samqp_error_message(raw)),
          details_(std::make_shared<const details>(details{
              samqp_error_code(raw), samqp_error_cause(raw), samqp_error_reply_code(raw), samqp_error_errno(raw),
              samqp_error_is_retriable(raw) != 0, samqp_error_endpoint(raw)}))
    {
    }

    /// The status: one of SAMQP_ERR_*.
    samqp_status code() const noexcept { return details_->code; }
    /// Why a publish ended as it did, for example SAMQP_ERR_TIMEOUT; else the same as code().
    samqp_status cause() const noexcept { return details_->cause; }
    /// The broker's reply code, for example 404; 0 if it said none.
    int reply_code() const noexcept { return details_->reply_code; }
    /// errno of the system call that failed; 0 if none did. (`errno` itself is a macro.)
    int system_errno() const noexcept { return details_->system_errno; }
    /// Whether the same call may succeed later without a change of the program or of the broker's configuration.
    bool is_retriable() const noexcept { return details_->is_retriable; }
    /// "host:port/vhost" where one is known, else "". Lives as long as this error or a copy of it.
    const std::string &endpoint() const noexcept { return details_->endpoint; }

private:
    struct details {
        samqp_status code;
        samqp_status cause;
        int reply_code;
        int system_errno;
        bool is_retriable;
        std::string endpoint;
    };
    std::shared_ptr<const details> details_;
};

/// How a publish ended that was not confirmed.
enum class outcome : std::int32_t {
    /// The broker refused it. That is no proof that no queue has it.
    nacked = SAMQP_ERR_NACKED,
    /// No queue was there for it. It is in no queue.
    returned = SAMQP_ERR_RETURNED,
    /// It may or may not be in its queues.
    unknown = SAMQP_ERR_UNKNOWN,
    /// Nothing of it was sent. It is in no queue.
    not_sent = SAMQP_ERR_NOT_SENT,
};

/// A publish that was taken has ended without a confirm.
class publish_error : public error {
public:
    /// \param failed How many publishes failed, where it speaks of several (publisher::flush).
    explicit publish_error(const error &what, std::uint64_t failed = 1) : error(what), failed_(failed) {}

    /// How it ended; of several, the first that failed.
    samqp::outcome outcome() const noexcept { return static_cast<samqp::outcome>(code()); }
    /// How many failed.
    std::uint64_t failed() const noexcept { return failed_; }
    /// Whether sending it again cannot make a second one of it: it is known to be in no queue.
    bool is_in_no_queue() const noexcept
    {
        return outcome() == samqp::outcome::returned || outcome() == samqp::outcome::not_sent;
    }

private:
    std::uint64_t failed_;
};

namespace detail {

inline bool is_outcome(samqp_status code) noexcept
{
    return code == SAMQP_ERR_NACKED || code == SAMQP_ERR_RETURNED || code == SAMQP_ERR_UNKNOWN || code == SAMQP_ERR_NOT_SENT;
}

[[noreturn]] inline void raise(const error &what, std::uint64_t failed = 1)
{
    if (is_outcome(what.code())) throw publish_error(what, failed);
    throw what;
}

/// For functions that give a mere status, or a negative one in place of a count.
inline void check(std::int64_t status, const char *function)
{
    if (status >= 0) return;
    const auto code = static_cast<samqp_status>(status);
    throw error(code, std::string(function) + ": " + samqp_status_name(code));
}

/// Takes the error of one call.
class error_out {
public:
    error_out() = default;
    error_out(const error_out &) = delete;
    error_out &operator=(const error_out &) = delete;
    ~error_out() { samqp_error_free(raw_); }

    operator samqp_error **() noexcept { return &raw_; }
    error taken(samqp_status code) const
    {
        return raw_ != nullptr ? error(raw_) : error(code, samqp_status_name(code));
    }
    /// Throws if the status of the call is not one of success.
    void check(std::int64_t status, std::uint64_t failed = 1) const
    {
        if (status < 0) raise(taken(static_cast<samqp_status>(status)), failed);
    }

private:
    samqp_error *raw_ = nullptr;
};

/// Owns a handle.
template <class Raw, void (*Free)(Raw *)>
class handle {
public:
    handle() = default;
    explicit handle(Raw *raw) noexcept : raw_(raw) {}
    handle(handle &&other) noexcept : raw_(other.release()) {}
    handle &operator=(handle &&other) noexcept
    {
        handle old(release());
        raw_ = other.release();
        return *this;
    }
    handle(const handle &) = delete;
    handle &operator=(const handle &) = delete;
    ~handle() { Free(raw_); }

    Raw *get() const noexcept { return raw_; }
    Raw *release() noexcept { return std::exchange(raw_, nullptr); }

private:
    Raw *raw_ = nullptr;
};

} // namespace detail

// ------------------------------------------------------------------------------------------------ Arguments

/// Text as an argument: made of a C string or std::string without a copy, of a std::string_view with one. Lives as long as the
/// call that it is an argument of. Throws SAMQP_ERR_INVALID_ARGUMENT for text with a zero byte in it, which C would cut off.
class text {
public:
    /// \param pointer May be null where C allows NULL.
    text(const char *pointer) noexcept : pointer_(pointer) {}
    text(const std::string &string) : pointer_(string.c_str()) { refuse_zero(string); }
    text(std::string_view view) : pointer_(inline_)
    {
        refuse_zero(view);
        if (view.size() < sizeof inline_) {
            if (!view.empty()) std::memcpy(inline_, view.data(), view.size());
            inline_[view.size()] = '\0';
        } else {
            long_ = view;
            pointer_ = long_.c_str();
        }
    }
    text(const text &) = delete;
    text &operator=(const text &) = delete;

    const char *c_str() const noexcept { return pointer_; }

private:
    static void refuse_zero(std::string_view view)
    {
        if (view.find('\0') == std::string_view::npos) return;
        throw error(SAMQP_ERR_INVALID_ARGUMENT, "a text has a zero byte in it");
    }

    const char *pointer_;
    std::string long_;
    // Names have 255 bytes at most.
    char inline_[256];
};

/// Bytes that somebody else owns: a body, a value. Made of a string, a string_view, a vector or array of bytes, a span.
class bytes {
public:
    constexpr bytes() noexcept = default;
    constexpr bytes(const void *data, std::size_t size) noexcept : data_(data), size_(size) {}
    /// The text without the zero at its end.
    bytes(const char *zero_terminated) : data_(zero_terminated), size_(std::strlen(zero_terminated)) {}
    /// What has data() and size(), and elements of one byte.
    template <
        class Container, class Element = std::remove_pointer_t<decltype(std::declval<const Container &>().data())>,
        class = decltype(std::declval<const Container &>().size()),
        class = std::enable_if_t<
            sizeof(Element) == 1 && std::is_trivially_copyable_v<Element> && !std::is_same_v<Container, bytes>>>
    constexpr bytes(const Container &container) noexcept : data_(container.data()), size_(container.size())
    {
    }

    constexpr const void *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    /// The same bytes as text, whatever they are.
    std::string_view text() const noexcept { return {static_cast<const char *>(data_), size_}; }
    /// A copy.
    std::vector<unsigned char> copy() const { return {begin(), end()}; }
    const unsigned char *begin() const noexcept { return static_cast<const unsigned char *>(data_); }
    const unsigned char *end() const noexcept { return begin() + size_; }
#if __cplusplus >= 202002L
    operator std::span<const std::byte>() const noexcept { return {static_cast<const std::byte *>(data_), size_}; }
#endif

private:
    const void *data_ = "";
    std::size_t size_ = 0;
};

/// How long a call may wait: any duration of std::chrono, rounded up to milliseconds, or forever, or no_wait.
class timeout {
public:
    template <class Rep, class Period>
    constexpr timeout(std::chrono::duration<Rep, Period> duration) noexcept : milliseconds_(0)
    {
        using milliseconds = std::chrono::duration<double, std::milli>;
        const auto exact = std::chrono::duration_cast<milliseconds>(duration).count();
        // Ten years are long enough, and no arithmetic on them overflows. Not a number does not wait.
        if (exact >= longest) {
            milliseconds_ = longest;
        } else if (exact > 0) {
            milliseconds_ = static_cast<std::int64_t>(exact);
            if (static_cast<double>(milliseconds_) < exact) milliseconds_ += 1;
        }
    }

    /// No limit.
    static constexpr timeout infinite() noexcept
    {
        timeout result{std::chrono::milliseconds(0)};
        result.milliseconds_ = -1;
        return result;
    }

    /// As C takes it: -1 for no limit.
    constexpr std::int64_t count() const noexcept { return milliseconds_; }

private:
    static constexpr std::int64_t longest = 315'360'000'000;
    std::int64_t milliseconds_;
};

/// Waits without a limit.
inline constexpr timeout forever = timeout::infinite();
/// Does not wait.
inline constexpr timeout no_wait{std::chrono::milliseconds(0)};
/// What functions wait that are not told otherwise.
inline constexpr timeout usual_timeout{std::chrono::seconds(30)};

/// Flags of queues and exchanges, when they are declared and deleted.
enum class entity : std::uint32_t {
    none = 0,
    durable = SAMQP_DURABLE,
    exclusive = SAMQP_EXCLUSIVE,
    auto_delete = SAMQP_AUTO_DELETE,
    internal = SAMQP_INTERNAL,
    quorum = SAMQP_QUORUM,
    if_unused = SAMQP_IF_UNUSED,
    if_empty = SAMQP_IF_EMPTY,
};

/// Flags of a publish.
enum class publishing : std::uint32_t {
    none = 0,
    /// A message that no queue gets is confirmed and dropped instead of returned.
    unroutable_ok = SAMQP_PUBLISH_UNROUTABLE_OK,
    /// Never sent twice, whatever the publisher's policy.
    once = SAMQP_PUBLISH_ONCE,
};

constexpr entity operator|(entity a, entity b) noexcept
{
    return static_cast<entity>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr publishing operator|(publishing a, publishing b) noexcept
{
    return static_cast<publishing>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}

// ------------------------------------------------------------------------------------------------ Tables

/// A moment of AMQP: seconds since 1970-01-01T00:00:00Z.
struct timestamp {
    std::uint64_t seconds = 0;

    static timestamp now() { return from(std::chrono::system_clock::now()); }
    /// Throws SAMQP_ERR_INVALID_ARGUMENT for a moment before 1970.
    static timestamp from(std::chrono::system_clock::time_point point)
    {
        const auto count = std::chrono::floor<std::chrono::seconds>(point).time_since_epoch().count();
        if (count < 0) throw error(SAMQP_ERR_INVALID_ARGUMENT, "a timestamp is before 1970");
        return {static_cast<std::uint64_t>(count)};
    }
};

/// A decimal number of AMQP: value divided by ten to the power of scale.
struct decimal {
    std::uint8_t scale = 0;
    std::uint32_t value = 0;
};

/// Which number of C++ is which kind of AMQP.
namespace detail {

template <class Integer>
constexpr samqp_kind kind_of() noexcept
{
    static_assert(std::is_integral_v<Integer> && sizeof(Integer) <= 8);
    if constexpr (std::is_signed_v<Integer>) {
        return sizeof(Integer) == 1 ? SAMQP_KIND_INT8
            : sizeof(Integer) == 2  ? SAMQP_KIND_INT16
            : sizeof(Integer) == 4  ? SAMQP_KIND_INT32
                                    : SAMQP_KIND_INT64;
    } else {
        // RabbitMQ reads SAMQP_KIND_UINT64 as signed: it is taken for what INT64 cannot hold only.
        return sizeof(Integer) == 1 ? SAMQP_KIND_UINT8
            : sizeof(Integer) == 2  ? SAMQP_KIND_UINT16
            : sizeof(Integer) == 4  ? SAMQP_KIND_UINT32
                                    : SAMQP_KIND_INT64;
    }
}

} // namespace detail

/// Reads a table or a list (an array of AMQP) that somebody else owns. A default one is empty.
///
/// get<T>(name) and get<T>(index) give std::nullopt if there is no such entry, and throw SAMQP_ERR_WRONG_TYPE if its value does
/// not convert without loss. T: bool, any integer, double, std::string_view and std::string, bytes, timestamp, decimal,
/// table_view. Views borrow from the table.
class table_view {
public:
    table_view() = default;
    explicit table_view(const samqp_table *raw) noexcept : raw_(raw) {}

    /// How many entries there are.
    std::size_t size() const noexcept { return samqp_table_count(raw_); }
    bool empty() const noexcept { return size() == 0; }
    bool contains(const text &key) const noexcept { return kind(key) != 0; }
    /// SAMQP_KIND_*; 0 if there is no such entry.
    samqp_kind kind(const text &key) const noexcept { return raw_ ? samqp_table_kind(raw_, key.c_str()) : 0; }
    samqp_kind kind_at(std::size_t index) const noexcept { return raw_ ? samqp_table_kind_at(raw_, index) : 0; }
    /// The name of an entry; "" in a list, and if there is no such index.
    std::string_view key_at(std::size_t index) const noexcept
    {
        const char *key = raw_ ? samqp_table_key_at(raw_, index) : nullptr;
        return key ? std::string_view(key) : std::string_view();
    }

    template <class T>
    std::optional<T> get(const text &key) const
    {
        return get<T>(key.c_str(), 0);
    }
    template <class T>
    std::optional<T> get_at(std::size_t index) const
    {
        return get<T>(nullptr, index);
    }

    /// NULL for an empty one that nothing was ever put into.
    const samqp_table *native() const noexcept { return raw_; }

private:
    static bool found(samqp_status status)
    {
        if (status == SAMQP_ERR_NOT_FOUND) return false;
        if (status == SAMQP_ERR_WRONG_TYPE) throw error(status, "the value of the table is of another kind");
        detail::check(status, "samqp_table_get");
        return true;
    }

    template <class T>
    std::optional<T> get(const char *key, std::size_t index) const
    {
        if (raw_ == nullptr) return std::nullopt;
        if constexpr (std::is_same_v<T, bool>) {
            std::int32_t value = 0;
            if (!found(samqp_table_get_bool(raw_, key, index, &value))) return std::nullopt;
            return value != 0;
        } else if constexpr (std::is_integral_v<T>) {
            return integer<T>(key, index);
        } else if constexpr (std::is_floating_point_v<T>) {
            static_assert(std::is_same_v<T, double>, "a double converts without loss");
            double value = 0;
            if (!found(samqp_table_get_double(raw_, key, index, &value))) return std::nullopt;
            return value;
        } else if constexpr (std::is_same_v<T, std::string_view> || std::is_same_v<T, std::string>) {
            const char *value = nullptr;
            std::size_t length = 0;
            if (!found(samqp_table_get_string(raw_, key, index, &value, &length))) return std::nullopt;
            return T(value, length);
        } else if constexpr (std::is_same_v<T, bytes>) {
            const void *value = nullptr;
            std::size_t length = 0;
            if (!found(samqp_table_get_bytes(raw_, key, index, &value, &length))) return std::nullopt;
            return bytes(value, length);
        } else if constexpr (std::is_same_v<T, timestamp>) {
            timestamp value;
            if (!found(samqp_table_get_timestamp(raw_, key, index, &value.seconds))) return std::nullopt;
            return value;
        } else if constexpr (std::is_same_v<T, decimal>) {
            decimal value;
            if (!found(samqp_table_get_decimal(raw_, key, index, &value.scale, &value.value))) return std::nullopt;
            return value;
        } else {
            static_assert(std::is_same_v<T, table_view>, "a table has no values of this type");
            const samqp_table *value = nullptr;
            if (!found(samqp_table_get_table(raw_, key, index, &value))) return std::nullopt;
            return table_view(value);
        }
    }

    template <class T>
    std::optional<T> integer(const char *key, std::size_t index) const
    {
        if constexpr (std::is_unsigned_v<T>) {
            std::uint64_t value = 0;
            if (!found(samqp_table_get_uint64(raw_, key, index, &value))) return std::nullopt;
            if (value > std::numeric_limits<T>::max()) found(SAMQP_ERR_WRONG_TYPE);
            return static_cast<T>(value);
        } else {
            std::int64_t value = 0;
            if (!found(samqp_table_get_int(raw_, key, index, &value))) return std::nullopt;
            if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) found(SAMQP_ERR_WRONG_TYPE);
            return static_cast<T>(value);
        }
    }

    const samqp_table *raw_ = nullptr;
};

class table;
class list;

/// A value for a table or list: nullptr, bool, an integer (of the kind that its size says), double or float, text, bytes,
/// timestamp, decimal, table, list. Borrows what is not a number: for the expression that it is made in.
class value {
public:
    value(std::nullptr_t) noexcept : held_(nullptr) {}
    template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
    value(T number) noexcept : held_(nullptr)
    {
        static_assert(!std::is_same_v<T, char> && !std::is_same_v<T, wchar_t>, "is it text or a number?");
        if constexpr (std::is_same_v<T, bool>) {
            held_ = number;
        } else if constexpr (std::is_floating_point_v<T>) {
            static_assert(sizeof(T) <= sizeof(double), "AMQP has no such number");
            held_ = real{static_cast<double>(number), sizeof(T) == 4 ? SAMQP_KIND_FLOAT : SAMQP_KIND_DOUBLE};
        } else if constexpr (std::is_unsigned_v<T> && sizeof(T) == 8) {
            if (number > static_cast<T>(std::numeric_limits<std::int64_t>::max())) {
                held_ = static_cast<std::uint64_t>(number);
            } else {
                held_ = integer{static_cast<std::int64_t>(number), SAMQP_KIND_INT64};
            }
        } else {
            held_ = integer{static_cast<std::int64_t>(number), detail::kind_of<T>()};
        }
    }
    value(const char *zero_terminated) : held_(std::string_view(zero_terminated)) {}
    value(const std::string &string) noexcept : held_(std::string_view(string)) {}
    value(std::string_view view) noexcept : held_(view) {}
    value(bytes data) noexcept : held_(data) {}
    value(timestamp moment) noexcept : held_(moment) {}
    value(decimal number) noexcept : held_(number) {}
    value(table_view view) noexcept : held_(view) {}
    value(const table &nested) noexcept;
    value(const list &nested) noexcept;

private:
    friend class table;
    friend class list;

    struct integer {
        std::int64_t value;
        samqp_kind kind;
    };
    struct real {
        double value;
        samqp_kind kind;
    };
    struct array {
        const samqp_table *raw;
    };

    /// \param key NULL to append to a list.
    void put(samqp_table *raw, const char *key) const
    {
        std::visit([raw, key](const auto &held) { detail::check(put(raw, key, held), "samqp_table_set"); }, held_);
    }
    static samqp_status put(samqp_table *raw, const char *key, std::nullptr_t) { return samqp_table_set_void(raw, key); }
    static samqp_status put(samqp_table *raw, const char *key, bool held)
    {
        return samqp_table_set_bool(raw, key, held ? 1 : 0);
    }
    static samqp_status put(samqp_table *raw, const char *key, integer held)
    {
        return samqp_table_set_int(raw, key, held.value, held.kind);
    }
    static samqp_status put(samqp_table *raw, const char *key, std::uint64_t held)
    {
        return samqp_table_set_uint64(raw, key, held);
    }
    static samqp_status put(samqp_table *raw, const char *key, real held)
    {
        return samqp_table_set_double(raw, key, held.value, held.kind);
    }
    static samqp_status put(samqp_table *raw, const char *key, std::string_view held)
    {
        return samqp_table_set_string(raw, key, text(held).c_str());
    }
    static samqp_status put(samqp_table *raw, const char *key, bytes held)
    {
        return samqp_table_set_bytes(raw, key, held.data(), held.size());
    }
    static samqp_status put(samqp_table *raw, const char *key, timestamp held)
    {
        return samqp_table_set_timestamp(raw, key, held.seconds);
    }
    static samqp_status put(samqp_table *raw, const char *key, decimal held)
    {
        return samqp_table_set_decimal(raw, key, held.scale, held.value);
    }
    static samqp_status put(samqp_table *raw, const char *key, table_view held);
    static samqp_status put(samqp_table *raw, const char *key, array held);

    std::variant<
        std::nullptr_t, bool, integer, std::uint64_t, real, std::string_view, bytes, timestamp, decimal, table_view, array>
        held_;
};

/// Headers and arguments: values with names. `table{{"x-max-length", 1000}, {"x-overflow", "reject-publish"}}`.
class table {
public:
    /// An entry of an initializer list.
    struct entry {
        std::string_view key;
        samqp::value value;
    };

    /// An empty one.
    table() = default;
    table(std::initializer_list<entry> entries)
    {
        for (const entry &each : entries) set(each.key, each.value);
    }
    /// A copy of what a view shows; move-only objects are not copied in silence.
    explicit table(table_view view) : handle_(samqp_table_copy(view.native())) {}
    table copy() const { return table(view()); }

    /// A key that is there keeps its place and gets the new value. Throws for values that AMQP cannot carry.
    table &set(const text &key, const samqp::value &value)
    {
        if (key.c_str() == nullptr) throw error(SAMQP_ERR_INVALID_ARGUMENT, "a key of a table is null");
        value.put(made(), key.c_str());
        return *this;
    }
    /// Whether there was such a key.
    bool remove(const text &key)
    {
        const samqp_status status = handle_.get() ? samqp_table_remove(handle_.get(), key.c_str()) : SAMQP_ERR_NOT_FOUND;
        if (status == SAMQP_ERR_NOT_FOUND) return false;
        detail::check(status, "samqp_table_remove");
        return true;
    }

    /// Valid until the table is changed or destroyed.
    table_view view() const noexcept { return table_view(handle_.get()); }
    operator table_view() const noexcept { return view(); }
    std::size_t size() const noexcept { return view().size(); }
    bool empty() const noexcept { return view().empty(); }
    bool contains(const text &key) const noexcept { return view().contains(key); }
    /// See table_view.
    template <class T>
    std::optional<T> get(const text &key) const
    {
        return view().get<T>(key);
    }

    /// NULL for an empty one that nothing was ever put into, which C takes for an empty one.
    const samqp_table *native() const noexcept { return handle_.get(); }

private:
    samqp_table *made()
    {
        if (handle_.get() == nullptr) handle_ = detail::handle<samqp_table, samqp_table_free>(samqp_table_new());
        return handle_.get();
    }

    detail::handle<samqp_table, samqp_table_free> handle_;
};

/// Values in an order, an array of AMQP: `table{{"ports", list{5671, 5672}}}`.
class list {
public:
    /// An empty one.
    list() = default;
    list(std::initializer_list<samqp::value> values)
    {
        for (const samqp::value &each : values) append(each);
    }
    list &append(const samqp::value &value)
    {
        if (handle_.get() == nullptr) handle_ = detail::handle<samqp_table, samqp_table_free>(samqp_table_new());
        value.put(handle_.get(), nullptr);
        return *this;
    }
    /// Valid until the list is changed or destroyed.
    table_view view() const noexcept { return table_view(handle_.get()); }
    std::size_t size() const noexcept { return view().size(); }

private:
    detail::handle<samqp_table, samqp_table_free> handle_;
};

inline value::value(const table &nested) noexcept : held_(nested.view()) {}
inline value::value(const list &nested) noexcept : held_(array{nested.view().native()}) {}

namespace detail {

/// C takes no NULL for a table inside a table.
class never_null {
public:
    explicit never_null(const samqp_table *raw) : empty_(raw ? nullptr : samqp_table_new()), raw_(raw ? raw : empty_.get()) {}
    const samqp_table *get() const noexcept { return raw_; }

private:
    handle<samqp_table, samqp_table_free> empty_;
    const samqp_table *raw_;
};

} // namespace detail

inline samqp_status value::put(samqp_table *raw, const char *key, table_view held)
{
    return samqp_table_set_table(raw, key, detail::never_null(held.native()).get());
}
inline samqp_status value::put(samqp_table *raw, const char *key, array held)
{
    return samqp_table_set_array(raw, key, detail::never_null(held.raw).get());
}

// ------------------------------------------------------------------------------------------------ Options and topology

/// Exchanges, queues and bindings that have to be there. Functions give the topology itself, to be called in a row.
class topology {
public:
    topology() : handle_(samqp_topology_new()) {}

    /// \param type "direct", "fanout", "topic", "headers", or one of a plugin.
    topology &add_exchange(
        const text &name, const text &type, entity flags = entity::durable, const table &arguments = {})
    {
        detail::check(
            samqp_topology_add_exchange(native(), name.c_str(), type.c_str(), static_cast<std::uint32_t>(flags), arguments.native()),
            "samqp_topology_add_exchange");
        return *this;
    }
    topology &add_queue(const text &name, entity flags = entity::durable, const table &arguments = {})
    {
        detail::check(
            samqp_topology_add_queue(native(), name.c_str(), static_cast<std::uint32_t>(flags), arguments.native()),
            "samqp_topology_add_queue");
        return *this;
    }
    topology &add_binding(
        const text &queue, const text &exchange, const text &routing_key = "", const table &arguments = {})
    {
        detail::check(
            samqp_topology_add_binding(
                native(), queue.c_str(), exchange.c_str(), routing_key.c_str(), arguments.native()),
            "samqp_topology_add_binding");
        return *this;
    }
    /// What `source` routes to `destination`, which is an exchange as well.
    topology &add_exchange_binding(
        const text &destination, const text &source, const text &routing_key = "", const table &arguments = {})
    {
        detail::check(
            samqp_topology_add_exchange_binding(
                native(), destination.c_str(), source.c_str(), routing_key.c_str(), arguments.native()),
            "samqp_topology_add_exchange_binding");
        return *this;
    }

    samqp_topology *native() const noexcept { return handle_.get(); }

private:
    detail::handle<samqp_topology, samqp_topology_free> handle_;
};

/// What a client, a publisher or a consumer is made with. The keys are in docs/c-options.md, and option_keys() lists them.
/// Setters throw for a key that does not exist, and a value that is not of its type or range; they give the object itself.
class options {
public:
    /// Every default.
    options() : handle_(samqp_options_new()) {}
    /// Every default, and one broker: "amqp://user:password@host:port/vhost".
    explicit options(const text &uri) : options() { add_endpoint(uri); }

    options copy() const { return options(samqp_options_copy(native())); }

    /// Text, as it may stand in a configuration file.
    options &set(const text &key, const text &value)
    {
        detail::error_out error;
        error.check(samqp_options_set(native(), key.c_str(), value.c_str(), error));
        return *this;
    }
    /// Integers and Booleans.
    template <class T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
    options &set(const text &key, T value)
    {
        if constexpr (std::is_unsigned_v<T> && sizeof(T) == 8) {
            if (value > static_cast<T>(std::numeric_limits<std::int64_t>::max())) {
                throw error(SAMQP_ERR_INVALID_ARGUMENT, "a value of an option is larger than any integer of its type");
            }
        }
        return set_integer(key, static_cast<std::int64_t>(value));
    }
    /// Durations, rounded up to milliseconds.
    template <class Rep, class Period>
    options &set(const text &key, std::chrono::duration<Rep, Period> value)
    {
        return set_integer(key, timeout(value).count());
    }
    /// Tables; copied.
    options &set(const text &key, const table &value)
    {
        detail::error_out error;
        error.check(samqp_options_set_table(native(), key.c_str(), detail::never_null(value.native()).get(), error));
        return *this;
    }
    /// One more broker that the client may connect to; they are tried in their order.
    options &add_endpoint(const text &uri)
    {
        detail::error_out error;
        error.check(samqp_options_add_endpoint(native(), uri.c_str(), error));
        return *this;
    }
    /// Declared by clients of these options before anything else happens, on every connection; copied.
    options &set_topology(const samqp::topology &topology)
    {
        detail::check(samqp_options_set_topology(native(), topology.native()), "samqp_options_set_topology");
        return *this;
    }

    samqp_options *native() const noexcept { return handle_.get(); }

private:
    explicit options(samqp_options *raw) : handle_(raw) {}
    options &set_integer(const text &key, std::int64_t value)
    {
        detail::error_out error;
        error.check(samqp_options_set_int(native(), key.c_str(), value, error));
        return *this;
    }

    detail::handle<samqp_options, samqp_options_free> handle_;
};

/// Every key that options may have.
inline std::vector<std::string_view> option_keys()
{
    std::vector<std::string_view> keys;
    while (const char *key = samqp_options_key(keys.size())) keys.emplace_back(key);
    return keys;
}

/// One line that says what a key means, its type, range and default; "" for an unknown key.
inline std::string_view option_help(const text &key)
{
    const char *help = samqp_options_help(key.c_str());
    return help ? std::string_view(help) : std::string_view();
}

// ------------------------------------------------------------------------------------------------ Properties

/// Whether a message outlives a restart of the broker.
enum class delivery_mode : std::uint8_t {
    /// When published: persistent. Of a delivery: absent.
    unspecified = 0,
    transient = SAMQP_TRANSIENT,
    persistent = SAMQP_PERSISTENT,
};

/// The properties of a delivery, borrowed from it.
struct properties_view {
    std::optional<std::string_view> content_type, content_encoding, correlation_id, reply_to, expiration, message_id, type,
        user_id, app_id, cluster_id;
    table_view headers;
    std::optional<samqp::timestamp> timestamp;
    std::optional<std::uint8_t> priority;
    delivery_mode mode = delivery_mode::unspecified;

    properties_view() = default;
    explicit properties_view(const samqp_properties &raw)
        : content_type(view(raw.content_type)), content_encoding(view(raw.content_encoding)),
          correlation_id(view(raw.correlation_id)), reply_to(view(raw.reply_to)), expiration(view(raw.expiration)),
          message_id(view(raw.message_id)), type(view(raw.type)), user_id(view(raw.user_id)), app_id(view(raw.app_id)),
          cluster_id(view(raw.cluster_id)), headers(raw.headers), mode(static_cast<delivery_mode>(raw.delivery_mode))
    {
        if (raw.has_timestamp != 0) timestamp = samqp::timestamp{raw.timestamp};
        if (raw.has_priority != 0) priority = raw.priority;
    }

private:
    static std::optional<std::string_view> view(const char *pointer)
    {
        return pointer ? std::optional<std::string_view>(pointer) : std::nullopt;
    }
};

/// The properties of a message to be published. What is not set is absent; a message without a message id gets one.
struct properties {
    std::optional<std::string> content_type, content_encoding, correlation_id, reply_to;
    /// The time to live in a queue: milliseconds, as a decimal number.
    std::optional<std::string> expiration;
    std::optional<std::string> message_id, type;
    /// The broker refuses a message whose user id is not the connection's user.
    std::optional<std::string> user_id;
    std::optional<std::string> app_id, cluster_id;
    table headers;
    std::optional<samqp::timestamp> timestamp;
    std::optional<std::uint8_t> priority;
    delivery_mode mode = delivery_mode::unspecified;

    properties() = default;
    /// A copy of those of a delivery, to publish it again.
    explicit properties(const properties_view &view)
        : content_type(view.content_type), content_encoding(view.content_encoding), correlation_id(view.correlation_id),
          reply_to(view.reply_to), expiration(view.expiration), message_id(view.message_id), type(view.type),
          user_id(view.user_id), app_id(view.app_id), cluster_id(view.cluster_id), headers(view.headers),
          timestamp(view.timestamp), priority(view.priority), mode(view.mode)
    {
    }

    /// As C has them, borrowed from this object. Throws SAMQP_ERR_INVALID_ARGUMENT for a text with a zero byte in it.
    samqp_properties native() const
    {
        samqp_properties raw = SAMQP_PROPERTIES_INIT;
        raw.content_type = pointer(content_type);
        raw.content_encoding = pointer(content_encoding);
        raw.correlation_id = pointer(correlation_id);
        raw.reply_to = pointer(reply_to);
        raw.expiration = pointer(expiration);
        raw.message_id = pointer(message_id);
        raw.type = pointer(type);
        raw.user_id = pointer(user_id);
        raw.app_id = pointer(app_id);
        raw.cluster_id = pointer(cluster_id);
        raw.headers = headers.native();
        if (timestamp) {
            raw.timestamp = timestamp->seconds;
            raw.has_timestamp = 1;
        }
        if (priority) {
            raw.priority = *priority;
            raw.has_priority = 1;
        }
        raw.delivery_mode = static_cast<std::uint8_t>(mode);
        return raw;
    }

private:
    static const char *pointer(const std::optional<std::string> &string)
    {
        return string ? samqp::text(*string).c_str() : nullptr;
    }
};

// ------------------------------------------------------------------------------------------------ Callbacks

/// Is told what a callback threw: `where` says which kind of callback. Must not throw.
using exception_reporter = std::function<void(const char *where, std::exception_ptr thrown)>;

namespace detail {

/// Things that callbacks need for as long as the process lives, also while it ends: they are never destroyed.
struct reporter {
    std::mutex lock;
    exception_reporter function = [](const char *where, std::exception_ptr thrown) {
        try {
            std::rethrow_exception(thrown);
        } catch (const std::exception &exception) {
            std::fprintf(stderr, "swiftamqp: %s threw: %s\n", where, exception.what());
        } catch (...) {
            std::fprintf(stderr, "swiftamqp: %s threw something that is no std::exception\n", where);
        }
    };

    static reporter &shared()
    {
        static reporter *const only = new reporter;
        return *only;
    }
};

/// Called within a catch clause.
inline void report(const char *where) noexcept
{
    try {
        exception_reporter function;
        {
            const std::lock_guard<std::mutex> guard(reporter::shared().lock);
            function = reporter::shared().function;
        }
        if (function) function(where, std::current_exception());
    } catch (...) {
        // There is nobody left to tell.
    }
}

/// A function of the program that the library calls, with a count of the calls that run.
class callback {
public:
    callback(const callback &) = delete;
    callback &operator=(const callback &) = delete;

    /// One call, for as long as this object lives.
    class call {
    public:
        explicit call(callback &owner) : owner_(owner), outer_(innermost())
        {
            const std::lock_guard<std::mutex> guard(owner_.lock_);
            is_begun_ = !owner_.is_closed_;
            if (!is_begun_) return;
            owner_.running_ += 1;
            innermost() = this;
        }
        call(const call &) = delete;
        call &operator=(const call &) = delete;
        ~call()
        {
            if (!is_begun_) return;
            innermost() = outer_;
            const std::lock_guard<std::mutex> guard(owner_.lock_);
            owner_.running_ -= 1;
            owner_.ended_.notify_all();
        }
        /// Whether the function may be called.
        explicit operator bool() const noexcept { return is_begun_; }

    private:
        friend class callback;
        /// The calls that this thread is in.
        static call *&innermost() noexcept
        {
            thread_local call *top = nullptr;
            return top;
        }

        callback &owner_;
        call *outer_;
        bool is_begun_ = false;
    };

    /// How many calls of it this one is made in.
    unsigned depth() const noexcept
    {
        unsigned depth = 0;
        for (const call *each = call::innermost(); each != nullptr; each = each->outer_) {
            if (&each->owner_ == this) depth += 1;
        }
        return depth;
    }

    /// No call begins any more; waits for those that run, but for those that this one is made in.
    void close() noexcept
    {
        // A child of fork(2) has no threads to wait for, and its copy of the lock may be held by nobody.
        if (getpid() != process_) return;
        const unsigned mine = depth();
        std::unique_lock<std::mutex> guard(lock_);
        is_closed_ = true;
        ended_.wait(guard, [this, mine] { return running_ <= mine; });
    }

protected:
    callback() = default;
    ~callback() = default;

private:
    std::mutex lock_;
    std::condition_variable ended_;
    unsigned running_ = 0;
    bool is_closed_ = false;
    const pid_t process_ = getpid();
};

/// Callbacks of one kind, by the pointers that C knows them by. C does not say when the last call has been made: so these are
/// numbers that are never used twice, and a late call finds nothing instead of something that was destroyed.
template <class Callback>
class registry {
public:
    static registry &shared()
    {
        static registry *const only = new registry;
        return *only;
    }
    void *add(std::shared_ptr<Callback> callback)
    {
        const std::lock_guard<std::mutex> guard(lock_);
        void *const key = reinterpret_cast<void *>(++last_);
        callbacks_.emplace(key, std::move(callback));
        return key;
    }
    std::shared_ptr<Callback> find(void *key)
    {
        const std::lock_guard<std::mutex> guard(lock_);
        const auto found = callbacks_.find(key);
        return found == callbacks_.end() ? nullptr : found->second;
    }
    void remove(void *key)
    {
        std::shared_ptr<Callback> removed;
        const std::lock_guard<std::mutex> guard(lock_);
        const auto found = callbacks_.find(key);
        if (found == callbacks_.end()) return;
        removed = std::move(found->second);
        callbacks_.erase(found);
    }

private:
    std::mutex lock_;
    std::uintptr_t last_ = 0;
    std::unordered_map<void *, std::shared_ptr<Callback>> callbacks_;
};

/// A callback of this program, for as long as this object lives.
template <class Callback>
class registration {
public:
    registration() = default;
    explicit registration(std::shared_ptr<Callback> callback)
        : callback_(callback), key_(registry<Callback>::shared().add(std::move(callback)))
    {
    }
    registration(registration &&other) noexcept
        : callback_(std::move(other.callback_)), key_(std::exchange(other.key_, nullptr)), process_(other.process_)
    {
        other.callback_ = nullptr;
    }
    registration &operator=(registration &&other) noexcept
    {
        std::swap(callback_, other.callback_);
        std::swap(key_, other.key_);
        std::swap(process_, other.process_);
        return *this;
    }
    registration(const registration &) = delete;
    registration &operator=(const registration &) = delete;
    ~registration() { reset(); }

    /// No call is made any more, and none runs but for the present one.
    void reset() noexcept
    {
        if (callback_ == nullptr || getpid() != process_) return;
        registry<Callback>::shared().remove(key_);
        callback_->close();
        callback_ = nullptr;
        key_ = nullptr;
    }
    explicit operator bool() const noexcept { return callback_ != nullptr; }
    void *key() const noexcept { return key_; }
    /// Whether this is called within one of its calls.
    bool is_calling() const noexcept { return callback_ != nullptr && callback_->depth() > 0; }

private:
    std::shared_ptr<Callback> callback_;
    void *key_ = nullptr;
    pid_t process_ = getpid();
};

} // namespace detail

/// Has `function` told what handlers and other callbacks throw, instead of a line on standard error. For the whole process;
/// an empty function has it told to nobody. Called by the thread of the callback.
inline void on_callback_exception(exception_reporter function)
{
    const std::lock_guard<std::mutex> guard(detail::reporter::shared().lock);
    detail::reporter::shared().function = std::move(function);
}

// ------------------------------------------------------------------------------------------------ Deliveries

class delivery;

/// How a delivery ends; what a handler says of it.
enum class settle : std::int32_t {
    ack = SAMQP_SETTLE_ACK,
    /// Dead-lettered where the queue says so, else dropped.
    reject = SAMQP_SETTLE_REJECT,
    /// Back to its place in the queue, at once.
    requeue = SAMQP_SETTLE_REQUEUE,
    /// It failed: the consumer's policy says what happens ("failures.*").
    retry = SAMQP_SETTLE_RETRY,
};

/// A message that was delivered, lent: in a handler until that returns, else for as long as the delivery that it was made of.
class delivery_ref {
public:
    explicit delivery_ref(samqp_delivery *raw, bool *is_taken = nullptr) noexcept : raw_(raw), is_taken_(is_taken) {}

    /// Borrowed, as everything that is not a number.
    bytes body() const noexcept
    {
        std::size_t length = 0;
        const void *data = samqp_delivery_body(raw_, &length);
        return {data, length};
    }
    /// Throws SAMQP_ERR_PROTOCOL if the publisher sent properties that cannot be read.
    properties_view properties() const
    {
        samqp_properties raw = SAMQP_PROPERTIES_INIT;
        detail::check(samqp_delivery_properties(raw_, &raw), "samqp_delivery_properties");
        return properties_view(raw);
    }
    /// "" for the default exchange.
    std::string_view exchange() const noexcept { return view(samqp_delivery_exchange(raw_)); }
    std::string_view routing_key() const noexcept { return view(samqp_delivery_routing_key(raw_)); }
    /// "" for one of channel::get.
    std::string_view consumer_tag() const noexcept { return view(samqp_delivery_consumer_tag(raw_)); }
    /// The broker's number for it, for logs.
    std::uint64_t tag() const noexcept { return samqp_delivery_tag(raw_); }
    /// Whether the broker may have delivered it before.
    bool redelivered() const noexcept { return samqp_delivery_redelivered(raw_) == 1; }
    /// How often its handler has failed so far, as far as is known.
    std::uint64_t retry_count() const noexcept { return samqp_delivery_retry_count(raw_); }
    /// Whether its channel is gone: settling throws SAMQP_ERR_STALE, and the broker delivers it again.
    bool is_stale() const noexcept { return samqp_delivery_is_stale(raw_) == 1; }
    /// Whether its handler should end: it is overdue, or its consumer was given up.
    bool is_cancelled() const noexcept { return samqp_delivery_is_cancelled(raw_) == 1; }

    /// Tells the broker that it was handled. Does not wait. Throws SAMQP_ERR_STALE or SAMQP_ERR_ALREADY_SETTLED where nothing was
    /// written. In a handler, say so by its result instead.
    void ack() const { detail::check(samqp_delivery_ack(raw_, 0), "samqp_delivery_ack"); }
    /// Also every earlier delivery of the same connection and consumer that was given out.
    void ack_up_to_here() const { detail::check(samqp_delivery_ack(raw_, SAMQP_MULTIPLE), "samqp_delivery_ack"); }
    /// Back to its place in the queue.
    void requeue() const { detail::check(samqp_delivery_nack(raw_, SAMQP_REQUEUE), "samqp_delivery_nack"); }
    /// Dead-lettered where the queue says so, else dropped.
    void reject() const { detail::check(samqp_delivery_nack(raw_, 0), "samqp_delivery_nack"); }
    /// As ack(), for programs that go on whatever comes of it: whether it was written.
    bool try_ack() const noexcept { return samqp_delivery_ack(raw_, 0) == SAMQP_OK; }

    /// In a handler: makes the delivery the program's own, to be settled later, by any thread. What the handler says of it does
    /// not count then. Throws SAMQP_ERR_INVALID_ARGUMENT anywhere else, and the second time.
    delivery take() const;

    samqp_delivery *native() const noexcept { return raw_; }

protected:
    samqp_delivery *raw_;

private:
    static std::string_view view(const char *pointer) noexcept
    {
        return pointer ? std::string_view(pointer) : std::string_view();
    }
    bool *is_taken_;
};

/// A message that was delivered, owned. Destroying one that is not settled leaves it with its consumer, unsettled, until that
/// ends: then the broker delivers it again.
class delivery : public delivery_ref {
public:
    static delivery adopt(samqp_delivery *raw) noexcept { return delivery(raw); }
    delivery(delivery &&other) noexcept : delivery_ref(other.release()) {}
    delivery &operator=(delivery &&other) noexcept
    {
        if (this != &other) {
            samqp_delivery_free(raw_);
            raw_ = other.release();
        }
        return *this;
    }
    delivery(const delivery &) = delete;
    delivery &operator=(const delivery &) = delete;
    ~delivery() { samqp_delivery_free(raw_); }

    delivery take() const = delete;
    samqp_delivery *release() noexcept { return std::exchange(raw_, nullptr); }

private:
    explicit delivery(samqp_delivery *raw) noexcept : delivery_ref(raw) {}
};

inline delivery delivery_ref::take() const
{
    if (is_taken_ == nullptr || *is_taken_) {
        throw error(SAMQP_ERR_INVALID_ARGUMENT, "a delivery can be taken once, and in its handler only");
    }
    *is_taken_ = true;
    return delivery::adopt(raw_);
}

// ------------------------------------------------------------------------------------------------ Events

/// What happened; swiftamqp.h says at SAMQP_EVENT_* what the accessors mean for each. There will be more.
enum class event_type : std::int32_t {
    state = SAMQP_EVENT_STATE,
    confirm = SAMQP_EVENT_CONFIRM,
    delivery = SAMQP_EVENT_DELIVERY,
    consumer = SAMQP_EVENT_CONSUMER,
    blocked = SAMQP_EVENT_BLOCKED,
    writable = SAMQP_EVENT_WRITABLE,
    topology = SAMQP_EVENT_TOPOLOGY,
    log = SAMQP_EVENT_LOG,
};

/// One event. A delivery in it that nobody takes goes back to its queue with the event.
class event {
public:
    static event adopt(samqp_event *raw) noexcept { return event(raw); }

    event_type type() const noexcept { return static_cast<event_type>(samqp_event_get_type(native())); }
    std::uint64_t tag() const noexcept { return samqp_event_tag(native()); }
    /// What the client, publisher, consumer or publish was given.
    void *user() const noexcept { return samqp_event_user(native()); }
    samqp_status status() const noexcept { return samqp_event_status(native()); }
    int number() const noexcept { return samqp_event_int(native()); }
    /// Borrowed.
    std::string_view text() const noexcept { return samqp_event_text(native()); }
    /// What went wrong, if anything did: a copy.
    std::optional<samqp::error> error() const
    {
        const samqp_error *raw = samqp_event_error(native());
        if (raw == nullptr) return std::nullopt;
        return samqp::error(raw);
    }
    /// For a confirm: throws publish_error if the publish was not confirmed.
    void throw_if_failed() const
    {
        if (status() == SAMQP_OK) return;
        const std::optional<samqp::error> what = error();
        detail::raise(what ? *what : samqp::error(status(), samqp_status_name(status())));
    }
    /// The delivery, once; std::nullopt after that, and for other types.
    std::optional<delivery> take_delivery()
    {
        samqp_delivery *raw = samqp_event_take_delivery(native());
        if (raw == nullptr) return std::nullopt;
        return delivery::adopt(raw);
    }

    samqp_event *native() const noexcept { return handle_.get(); }
    samqp_event *release() noexcept { return handle_.release(); }

private:
    explicit event(samqp_event *raw) noexcept : handle_(raw) {}

    detail::handle<samqp_event, samqp_event_free> handle_;
};

namespace detail {

class event_callback : public callback {
public:
    explicit event_callback(std::function<void(event)> function) : function_(std::move(function)) {}

    /// What C calls.
    static void run(samqp_event *raw, void *key) noexcept
    {
        event owned = event::adopt(raw);
        try {
            const auto self = registry<event_callback>::shared().find(key);
            if (self == nullptr) return;
            const call running(*self);
            if (running) self->function_(std::move(owned));
        } catch (...) {
            report("a function for events");
        }
    }

private:
    std::function<void(event)> function_;
};

class notify_callback : public callback {
public:
    explicit notify_callback(std::function<void()> function) : function_(std::move(function)) {}

    static void run(void *key) noexcept
    {
        try {
            const auto self = registry<notify_callback>::shared().find(key);
            if (self == nullptr) return;
            const call running(*self);
            if (running) self->function_();
        } catch (...) {
            report("a function for notifications");
        }
    }

private:
    std::function<void()> function_;
};

} // namespace detail

/// Events of any number of clients, publishers and consumers, polled by any number of threads, by one's own loop, or dispatched.
class events {
public:
    /// \param high_water How many confirms may be in it or on their way; 0 for 65,536.
    explicit events(std::size_t high_water = 0) : handle_(samqp_events_new(high_water))
    {
        if (handle_.get() != nullptr) return;
        const int number = errno;
        throw error(
            number == EINVAL ? SAMQP_ERR_INVALID_ARGUMENT : SAMQP_ERR_NO_MEMORY,
            std::string("samqp_events_new: ") + std::strerror(number));
    }
    events(events &&) noexcept = default;
    events &operator=(events &&other) noexcept
    {
        end();
        handle_ = std::move(other.handle_);
        callbacks_ = std::move(other.callbacks_);
        return *this;
    }
    /// Events that nobody has taken are dropped; deliveries among them go back with their consumers. Waits for a dispatched
    /// function that runs, unless it is called by that.
    ~events() { end(); }

    /// Readable exactly while there are events, or a wakeup: for epoll and its like. It must not be read, written or closed.
    int fd() const
    {
        const std::int32_t descriptor = samqp_events_fd(native());
        detail::check(descriptor, "samqp_events_fd");
        return descriptor;
    }
    /// The next event; std::nullopt if none comes in time, or after a wakeup. Throws SAMQP_ERR_CLOSED while it is dispatched.
    std::optional<event> poll(timeout limit)
    {
        samqp_event *raw = nullptr;
        detail::check(samqp_events_poll(native(), limit.count(), &raw), "samqp_events_poll");
        if (raw == nullptr) return std::nullopt;
        return event::adopt(raw);
    }
    /// Up to `maximum` events; waits for one only.
    std::vector<event> poll_batch(timeout limit, std::size_t maximum)
    {
        std::vector<samqp_event *> raw(maximum, nullptr);
        std::vector<event> taken;
        // Before they are taken, so that nothing is lost for want of memory.
        taken.reserve(maximum);
        const std::int64_t count = samqp_events_poll_batch(native(), limit.count(), raw.data(), maximum);
        detail::check(count, "samqp_events_poll_batch");
        for (std::size_t index = 0; index < static_cast<std::size_t>(count); index++) taken.push_back(event::adopt(raw[index]));
        return taken;
    }
    /// Makes one poll that waits, or the next one, return nothing.
    void wakeup() { detail::check(samqp_events_wakeup(native()), "samqp_events_wakeup"); }
    /// How many there are; the deliveries of a consumer count as one.
    std::size_t size() const noexcept { return samqp_events_count(native()); }

    /// Has `function` called when the queue stops being empty, for loops that have no descriptors: by a thread that serves
    /// sockets, so it has to be short, and must not wait or poll. Replaces the one before; an empty function takes it away.
    /// Waits until that one is not running any more. One thread at a time may call this.
    void on_notify(std::function<void()> function)
    {
        detail::registration<detail::notify_callback> next;
        if (function) {
            next = detail::registration<detail::notify_callback>(
                std::make_shared<detail::notify_callback>(std::move(function)));
        }
        detail::check(
            samqp_events_set_notify(native(), next ? detail::notify_callback::run : nullptr, next.key()),
            "samqp_events_set_notify");
        // What was there before ends with `next`.
        callbacks_->notify = std::move(next);
    }

    /// Has `function` called with every event, in order, by one thread of the library's own, until stop() or the end of this
    /// object. In it, what would wait throws SAMQP_ERR_WOULD_DEADLOCK. SAMQP_ERR_INVALID_ARGUMENT if it is dispatched already.
    void dispatch(std::function<void(event)> function)
    {
        if (!function) throw error(SAMQP_ERR_INVALID_ARGUMENT, "the function for events is empty");
        detail::registration<detail::event_callback> next(
            std::make_shared<detail::event_callback>(std::move(function)));
        detail::error_out error;
        // The function may call stop() before this one returns.
        const std::lock_guard<std::mutex> guard(callbacks_->lock);
        error.check(samqp_events_dispatch(native(), detail::event_callback::run, next.key(), error));
        std::swap(callbacks_->dispatch, next);
    }
    /// Ends that, and waits until the function is not running any more; called by the function, it only asks for the end: no call
    /// follows, and what is left stays in the queue.
    void stop()
    {
        void *key = nullptr;
        {
            const std::lock_guard<std::mutex> guard(callbacks_->lock);
            // Called by the function, which runs on: whoever destroys this object waits for it.
            if (!callbacks_->dispatch.is_calling()) key = callbacks_->dispatch.key();
        }
        detail::check(samqp_events_stop(native()), "samqp_events_stop");
        detail::registration<detail::event_callback> stopped;
        const std::lock_guard<std::mutex> guard(callbacks_->lock);
        if (key != nullptr && callbacks_->dispatch.key() == key) stopped = std::move(callbacks_->dispatch);
    }

    samqp_events *native() const noexcept { return handle_.get(); }

private:
    struct callbacks {
        detail::registration<detail::notify_callback> notify;
        /// Guards `dispatch`.
        std::mutex lock;
        detail::registration<detail::event_callback> dispatch;
    };

    void end() noexcept
    {
        if (callbacks_ == nullptr) return;
        if (callbacks_->dispatch) samqp_events_stop(native());
        if (callbacks_->notify) samqp_events_set_notify(native(), nullptr, nullptr);
        handle_ = {};
        callbacks_ = nullptr;
    }

    detail::handle<samqp_events, samqp_events_free> handle_;
    std::unique_ptr<callbacks> callbacks_ = std::make_unique<callbacks>();
};

/// Where the events of a client, publisher or consumer go: nowhere, or to a queue, with a pointer that event::user() gives.
struct told {
    told() = default;
    told(const events &queue, void *user_pointer = nullptr) noexcept : raw(queue.native()), user(user_pointer) {}

    samqp_events *raw = nullptr;
    void *user = nullptr;
};

// ------------------------------------------------------------------------------------------------ Publishing

/// Publishes in order, with confirms, over as many connections as that takes.
class publisher {
public:
    static publisher adopt(samqp_publisher *raw) noexcept { return publisher(raw); }

    /// Hands a message in and returns at once, with its tag; the outcome comes as one event_type::confirm with that tag and
    /// `user`. std::nullopt if there is no room: nothing was taken, and an event_type::writable follows. When this throws,
    /// nothing was taken, and no event follows. The body is copied.
    std::optional<std::uint64_t> try_publish(
        const text &exchange, const text &routing_key, bytes body, const samqp::properties &properties = {},
        publishing flags = publishing::none, void *user = nullptr)
    {
        const samqp_properties raw = properties.native();
        detail::error_out error;
        std::uint64_t tag = 0;
        const samqp_status status = samqp_publish(
            native(), exchange.c_str(), routing_key.c_str(), &raw, body.data(), body.size(),
            static_cast<std::uint32_t>(flags), user, &tag, error);
        return taken(status, error, tag);
    }
    /// As try_publish, for a body that is shared with the library instead of copied: it must not change while the library holds
    /// its share, which it gives up by the time of the outcome, or where the message is not taken.
    /// \param body Points to what bytes can be made of, for example a std::string; must not be null.
    template <class Body>
    std::optional<std::uint64_t> try_publish_shared(
        const text &exchange, const text &routing_key, std::shared_ptr<const Body> body,
        const samqp::properties &properties = {}, publishing flags = publishing::none, void *user = nullptr)
    {
        if (body == nullptr) throw error(SAMQP_ERR_INVALID_ARGUMENT, "the body is null");
        const samqp_properties raw = properties.native();
        const bytes view(*body);
        using share = std::shared_ptr<const Body>;
        auto *const kept = new share(std::move(body));
        detail::error_out error;
        std::uint64_t tag = 0;
        const samqp_status status = samqp_publish_nocopy(
            native(), exchange.c_str(), routing_key.c_str(), &raw, view.data(), view.size(),
            [](void *user_pointer) { delete static_cast<share *>(user_pointer); }, kept, static_cast<std::uint32_t>(flags),
            user, &tag, error);
        return taken(status, error, tag);
    }
    /// Publishes, and waits for the confirm; without a timeout until the publisher's deadline. Throws publish_error if it ends
    /// in another way. No event.
    void publish_wait(
        const text &exchange, const text &routing_key, bytes body, const samqp::properties &properties = {},
        publishing flags = publishing::none, timeout limit = forever)
    {
        const samqp_properties raw = properties.native();
        detail::error_out error;
        error.check(samqp_publish_wait(
            native(), exchange.c_str(), routing_key.c_str(), &raw, body.data(), body.size(),
            static_cast<std::uint32_t>(flags), limit.count(), error));
    }
    /// Waits until every publish that was taken has its outcome. Throws publish_error with how many failed since the last
    /// flush, and how the first of them did; SAMQP_ERR_TIMEOUT if the time ran out.
    void flush(timeout limit = forever)
    {
        detail::error_out error;
        std::uint64_t failed = 0;
        const samqp_status status = samqp_publisher_flush(native(), limit.count(), &failed, error);
        error.check(status, failed);
    }
    /// How many publishes have no outcome yet.
    std::size_t unconfirmed() const noexcept { return samqp_publisher_unconfirmed(native()); }

    samqp_publisher *native() const noexcept { return handle_.get(); }
    samqp_publisher *release() noexcept { return handle_.release(); }

private:
    explicit publisher(samqp_publisher *raw) noexcept : handle_(raw) {}

    static std::optional<std::uint64_t> taken(samqp_status status, const detail::error_out &error, std::uint64_t tag)
    {
        if (status == SAMQP_ERR_WOULD_BLOCK) return std::nullopt;
        // Not taken: that is no outcome of a publish.
        if (status < 0) throw error.taken(status);
        return tag;
    }

    detail::handle<samqp_publisher, samqp_publisher_free> handle_;
};

// ------------------------------------------------------------------------------------------------ Consuming

/// Handles deliveries: says what becomes of each. What it throws is reported, and means settle::retry.
using delivery_handler = std::function<settle(delivery_ref)>;

namespace detail {

class handler_callback : public callback {
public:
    explicit handler_callback(delivery_handler function) : function_(std::move(function)) {}

    static std::int32_t run(samqp_delivery *raw, void *key) noexcept
    {
        bool is_taken = false;
        std::int32_t answer = SAMQP_SETTLE_RETRY;
        try {
            const auto self = registry<handler_callback>::shared().find(key);
            // Its consumer has been destroyed: what it was given goes back.
            if (self == nullptr) return SAMQP_SETTLE_REQUEUE;
            const call running(*self);
            if (!running) return SAMQP_SETTLE_REQUEUE;
            answer = static_cast<std::int32_t>(self->function_(delivery_ref(raw, &is_taken)));
        } catch (...) {
            report("a handler of deliveries");
        }
        return is_taken ? SAMQP_SETTLE_LEFT : answer;
    }

private:
    delivery_handler function_;
};

} // namespace detail

/// Consumes from a queue, over as many connections as it takes.
class consumer {
public:
    static consumer adopt(samqp_consumer *raw) noexcept { return consumer(raw, {}); }
    consumer(consumer &&) noexcept = default;
    consumer &operator=(consumer &&other) noexcept
    {
        end();
        handle_ = std::move(other.handle_);
        handler_ = std::move(other.handler_);
        return *this;
    }
    /// Ends it without waiting for deliveries that are not settled: they go back to the queue. cancel() first, where they should
    /// not. Waits for calls of its handler that run, but for the one that it is called in.
    ~consumer() { end(); }

    /// The next delivery; std::nullopt if none comes in time. Throws SAMQP_ERR_CLOSED, SAMQP_ERR_CONSUMER_CANCELLED and the like
    /// when nothing comes any more. For a consumer with neither events nor handler.
    std::optional<delivery> poll(timeout limit)
    {
        detail::error_out error;
        samqp_delivery *raw = nullptr;
        error.check(samqp_consumer_poll(native(), limit.count(), &raw, error));
        if (raw == nullptr) return std::nullopt;
        return delivery::adopt(raw);
    }
    /// Up to `maximum` deliveries; waits for one only.
    std::vector<delivery> poll_batch(timeout limit, std::size_t maximum)
    {
        std::vector<samqp_delivery *> raw(maximum, nullptr);
        std::vector<delivery> deliveries;
        deliveries.reserve(maximum);
        detail::error_out error;
        const std::int64_t count = samqp_consumer_poll_batch(native(), limit.count(), raw.data(), maximum, error);
        error.check(count);
        for (std::size_t index = 0; index < static_cast<std::size_t>(count); index++) {
            deliveries.push_back(delivery::adopt(raw[index]));
        }
        return deliveries;
    }
    /// Its name at the broker. Borrowed.
    std::string_view tag() const noexcept
    {
        const char *tag = samqp_consumer_tag(native());
        return tag ? std::string_view(tag) : std::string_view();
    }
    /// Ends it, and waits until what was given out is settled. Throws SAMQP_ERR_TIMEOUT if it was not in time, and went back;
    /// SAMQP_ERR_WOULD_DEADLOCK in its own handler.
    void cancel(timeout limit = usual_timeout)
    {
        detail::error_out error;
        error.check(samqp_consumer_cancel(native(), limit.count(), error));
    }
    /// The pointer that events of a consumer with a handler have, in place of one of the program's.
    void *user() const noexcept { return handler_.key(); }

    samqp_consumer *native() const noexcept { return handle_.get(); }

private:
    friend class client;
    consumer(samqp_consumer *raw, detail::registration<detail::handler_callback> handler) noexcept
        : handle_(raw), handler_(std::move(handler))
    {
    }
    void end() noexcept
    {
        // In this order: no delivery comes to a handler that is gone, but for those on their way.
        handle_ = {};
        handler_.reset();
    }

    detail::handle<samqp_consumer, samqp_consumer_free> handle_;
    detail::registration<detail::handler_callback> handler_;
};

// ------------------------------------------------------------------------------------------------ Plain channels

/// What is known of a queue.
struct queue_info {
    std::string name;
    /// Messages that are ready.
    std::uint64_t messages = 0;
    std::uint64_t consumers = 0;
};

namespace detail {

inline samqp_queue_info empty_queue_info() noexcept
{
    samqp_queue_info raw{};
    raw.struct_size = sizeof raw;
    return raw;
}

inline queue_info made(const samqp_queue_info &raw) { return {raw.name, raw.messages, raw.consumers}; }

} // namespace detail

/// A channel of one connection, for what is not declared. An operation that the broker refuses ends it, as does the loss of its
/// connection; the program opens another one then.
class channel {
public:
    static channel adopt(samqp_channel *raw) noexcept { return channel(raw); }

    bool is_open() const noexcept { return samqp_channel_is_open(native()) == 1; }
    /// basic.get: std::nullopt if the queue is empty.
    /// \param is_acknowledged Whether the broker forgets the message as soon as it has sent it.
    std::optional<delivery> get(const text &queue, bool is_acknowledged = false, timeout limit = usual_timeout)
    {
        detail::error_out error;
        samqp_delivery *raw = nullptr;
        error.check(samqp_channel_get(
            native(), queue.c_str(), is_acknowledged ? SAMQP_AUTO_ACK : 0, limit.count(), &raw, error));
        if (raw == nullptr) return std::nullopt;
        return delivery::adopt(raw);
    }
    /// Publishes on this channel, once, and waits for the confirm; in a transaction it returns at once. Throws publish_error.
    void publish(
        const text &exchange, const text &routing_key, bytes body, const samqp::properties &properties = {},
        publishing flags = publishing::none, timeout limit = usual_timeout)
    {
        const samqp_properties raw = properties.native();
        detail::error_out error;
        error.check(samqp_channel_publish(
            native(), exchange.c_str(), routing_key.c_str(), &raw, body.data(), body.size(),
            static_cast<std::uint32_t>(flags), limit.count(), error));
    }
    /// Whether it is there: else throws SAMQP_ERR_CHANNEL_EXCEPTION with reply code 404, and the channel has ended.
    queue_info check_queue(const text &name, timeout limit = usual_timeout)
    {
        detail::error_out error;
        samqp_queue_info raw = detail::empty_queue_info();
        error.check(samqp_channel_check_queue(native(), name.c_str(), &raw, limit.count(), error));
        return detail::made(raw);
    }
    /// As check_queue.
    void check_exchange(const text &name, timeout limit = usual_timeout)
    {
        detail::error_out error;
        error.check(samqp_channel_check_exchange(native(), name.c_str(), limit.count(), error));
    }
    /// What was delivered here and not settled comes again.
    void recover(timeout limit = usual_timeout)
    {
        detail::error_out error;
        error.check(samqp_channel_recover(native(), limit.count(), error));
    }
    void tx_select(timeout limit = usual_timeout)
    {
        detail::error_out error;
        error.check(samqp_channel_tx_select(native(), limit.count(), error));
    }
    void tx_commit(timeout limit = usual_timeout)
    {
        detail::error_out error;
        error.check(samqp_channel_tx_commit(native(), limit.count(), error));
    }
    void tx_rollback(timeout limit = usual_timeout)
    {
        detail::error_out error;
        error.check(samqp_channel_tx_rollback(native(), limit.count(), error));
    }
    /// Closes it, waiting for the broker's answer; what is not settled goes back to its queue.
    void close(timeout limit = usual_timeout)
    {
        detail::error_out error;
        error.check(samqp_channel_close(native(), limit.count(), error));
    }

    samqp_channel *native() const noexcept { return handle_.get(); }
    samqp_channel *release() noexcept { return handle_.release(); }

private:
    explicit channel(samqp_channel *raw) noexcept : handle_(raw) {}

    detail::handle<samqp_channel, samqp_channel_free> handle_;
};

// ------------------------------------------------------------------------------------------------ Client

/// What a client is in; swiftamqp.h says at SAMQP_STATE_* what they mean. There will be more.
enum class state : std::int32_t {
    connecting = SAMQP_STATE_CONNECTING,
    open = SAMQP_STATE_OPEN,
    recovering = SAMQP_STATE_RECOVERING,
    degraded = SAMQP_STATE_DEGRADED,
    blocked = SAMQP_STATE_BLOCKED,
    closing = SAMQP_STATE_CLOSING,
    closed = SAMQP_STATE_CLOSED,
};

/// For example "open".
inline std::string_view state_name(state state) noexcept { return samqp_state_name(static_cast<samqp_state>(state)); }

/// What was counted since the client was made.
using stats = samqp_stats;
/// What a drain did.
using drain_report = samqp_drain_report;

/// What applying a topology would do to one entity.
enum class finding : std::int32_t {
    exists = SAMQP_PLAN_EXISTS,
    missing = SAMQP_PLAN_MISSING,
    differs = SAMQP_PLAN_DIFFERS,
    unknown = SAMQP_PLAN_UNKNOWN,
    refused = SAMQP_PLAN_REFUSED,
};

/// What applying a topology would do.
class plan {
public:
    static plan adopt(samqp_plan *raw) noexcept { return plan(raw); }

    std::size_t size() const noexcept { return samqp_plan_count(native()); }
    /// Throws std::out_of_range if there is no such index.
    samqp::finding finding(std::size_t index) const
    {
        require(index);
        return static_cast<samqp::finding>(samqp_plan_finding(native(), index));
    }
    /// What it is, and what was found, for people. Borrowed. Throws std::out_of_range if there is no such index.
    std::string_view text(std::size_t index) const
    {
        require(index);
        return samqp_plan_text(native(), index);
    }
    /// Whether applying it would succeed as far as one can tell.
    bool is_applicable() const noexcept { return samqp_plan_is_applicable(native()) == 1; }

    samqp_plan *native() const noexcept { return handle_.get(); }
    samqp_plan *release() noexcept { return handle_.release(); }

private:
    explicit plan(samqp_plan *raw) noexcept : handle_(raw) {}
    void require(std::size_t index) const
    {
        if (index >= size()) throw std::out_of_range("a plan has no such index");
    }

    detail::handle<samqp_plan, samqp_plan_free> handle_;
};

/// A supervised client: it connects, comes back when a connection is lost, and puts back what was there.
class client {
public:
    static client adopt(samqp_client *raw) noexcept { return client(raw); }

    /// Connects, and waits until the client is usable. Throws why it did not connect; there is no client then. With forever the
    /// option "client.first_connect_ms" decides how long.
    static client open(const options &options, timeout limit = usual_timeout, told told = {})
    {
        detail::error_out error;
        samqp_client *raw = nullptr;
        error.check(samqp_client_open(&raw, options.native(), told.raw, told.user, limit.count(), error));
        return client(raw);
    }
    /// As open, but connects in the background, for as long as it takes; publishes wait meanwhile.
    static client start(const options &options, told told = {})
    {
        detail::error_out error;
        samqp_client *raw = nullptr;
        error.check(samqp_client_start(&raw, options.native(), told.raw, told.user, error));
        return client(raw);
    }

    samqp::state state() const
    {
        const samqp_state value = samqp_client_state(native());
        detail::check(value, "samqp_client_state");
        return static_cast<samqp::state>(value);
    }
    /// Waits until it is usable; throws SAMQP_ERR_CLOSED and its kin if it never will be.
    void wait(timeout limit = usual_timeout)
    {
        detail::error_out error;
        error.check(samqp_client_wait(native(), limit.count(), error));
    }
    /// For probes: std::nullopt if work that is handed in now is done now, else why it is not. Does not wait.
    std::optional<error> health() const
    {
        detail::error_out error;
        const samqp_status status = samqp_client_health(native(), error);
        if (status == SAMQP_OK) return std::nullopt;
        return error.taken(status);
    }
    /// False only if nothing but a restart of the program can help.
    /// \param tolerance How long it may be without a connection.
    bool is_live(timeout tolerance) const noexcept { return samqp_client_is_live(native(), tolerance.count()) != 0; }
    samqp::stats stats() const
    {
        samqp::stats out{};
        out.struct_size = sizeof out;
        detail::check(samqp_client_stats(native(), &out), "samqp_client_stats");
        return out;
    }
    /// Ends the client in good order, within `limit` and a quarter of a second. Where that was not enough, timed_out of the report
    /// is 1, and nothing is thrown.
    drain_report drain(timeout limit = usual_timeout)
    {
        drain_report report{};
        report.struct_size = sizeof report;
        detail::error_out error;
        const samqp_status status = samqp_client_drain(native(), limit.count(), &report, error);
        if (status != SAMQP_ERR_TIMEOUT) error.check(status);
        return report;
    }
    /// Ends the client at once.
    void close()
    {
        detail::error_out error;
        error.check(samqp_client_close(native(), error));
    }

    /// Declares, now and again on every connection from then on. Throws SAMQP_ERR_CHANNEL_EXCEPTION with the broker's reply code
    /// where it refuses; that is not kept then. So do the functions below.
    void declare_exchange(
        const text &name, const text &type, entity flags = entity::durable, const table &arguments = {},
        timeout limit = usual_timeout)
    {
        detail::error_out error;
        error.check(samqp_declare_exchange(
            native(), name.c_str(), type.c_str(), static_cast<std::uint32_t>(flags), arguments.native(), limit.count(),
            error));
    }
    /// \param name "" has the broker choose one, anew on every connection: see current_queue_name.
    queue_info declare_queue(
        const text &name, entity flags = entity::durable, const table &arguments = {}, timeout limit = usual_timeout)
    {
        detail::error_out error;
        samqp_queue_info raw = detail::empty_queue_info();
        error.check(samqp_declare_queue(
            native(), name.c_str(), static_cast<std::uint32_t>(flags), arguments.native(), &raw, limit.count(), error));
        return detail::made(raw);
    }
    void declare_binding(
        const text &queue, const text &exchange, const text &routing_key = "", const table &arguments = {},
        timeout limit = usual_timeout)
    {
        detail::error_out error;
        error.check(samqp_declare_binding(
            native(), queue.c_str(), exchange.c_str(), routing_key.c_str(), arguments.native(), limit.count(), error));
    }
    void declare_exchange_binding(
        const text &destination, const text &source, const text &routing_key = "", const table &arguments = {},
        timeout limit = usual_timeout)
    {
        detail::error_out error;
        error.check(samqp_declare_exchange_binding(
            native(), destination.c_str(), source.c_str(), routing_key.c_str(), arguments.native(), limit.count(), error));
    }
    /// Takes back what was declared, at the broker and for later connections.
    void delete_binding(
        const text &queue, const text &exchange, const text &routing_key = "", const table &arguments = {},
        timeout limit = usual_timeout)
    {
        detail::error_out error;
        error.check(samqp_delete_binding(
            native(), queue.c_str(), exchange.c_str(), routing_key.c_str(), arguments.native(), limit.count(), error));
    }
    void delete_exchange_binding(
        const text &destination, const text &source, const text &routing_key = "", const table &arguments = {},
        timeout limit = usual_timeout)
    {
        detail::error_out error;
        error.check(samqp_delete_exchange_binding(
            native(), destination.c_str(), source.c_str(), routing_key.c_str(), arguments.native(), limit.count(), error));
    }
    /// How many messages were in it. Flags: entity::if_unused, entity::if_empty.
    std::uint64_t delete_queue(const text &name, entity flags = entity::none, timeout limit = usual_timeout)
    {
        detail::error_out error;
        std::uint64_t messages = 0;
        error.check(samqp_delete_queue(
            native(), name.c_str(), static_cast<std::uint32_t>(flags), &messages, limit.count(), error));
        return messages;
    }
    /// Flags: entity::if_unused.
    void delete_exchange(const text &name, entity flags = entity::none, timeout limit = usual_timeout)
    {
        detail::error_out error;
        error.check(
            samqp_delete_exchange(native(), name.c_str(), static_cast<std::uint32_t>(flags), limit.count(), error));
    }
    /// Drops the messages that are ready, and says how many they were.
    std::uint64_t purge_queue(const text &name, timeout limit = usual_timeout)
    {
        detail::error_out error;
        std::uint64_t messages = 0;
        error.check(samqp_purge_queue(native(), name.c_str(), &messages, limit.count(), error));
        return messages;
    }
    /// Asks the broker. Throws SAMQP_ERR_CHANNEL_EXCEPTION with 404 if there is no such queue; nothing else suffers from that.
    queue_info queue_status(const text &name, timeout limit = usual_timeout)
    {
        detail::error_out error;
        samqp_queue_info raw = detail::empty_queue_info();
        error.check(samqp_queue_status(native(), name.c_str(), &raw, limit.count(), error));
        return detail::made(raw);
    }
    /// The present name of a queue that the broker named, given any name that it has had; else the same name.
    std::string current_queue_name(const text &name) const
    {
        samqp_queue_info raw = detail::empty_queue_info();
        detail::check(samqp_current_queue_name(native(), name.c_str(), &raw), "samqp_current_queue_name");
        return raw.name;
    }
    /// Declares all of it, and keeps it. How many entities were refused; `refused`, which may be null, gets the error that says
    /// which. Throws for everything else.
    std::size_t apply(
        const topology &topology, timeout limit = usual_timeout, std::optional<error> *refused = nullptr)
    {
        detail::error_out error;
        std::size_t failures = 0;
        const samqp_status status = samqp_topology_apply(native(), topology.native(), &failures, limit.count(), error);
        if (status != SAMQP_ERR_DEGRADED) error.check(status);
        if (refused != nullptr) {
            refused->reset();
            if (status == SAMQP_ERR_DEGRADED) *refused = error.taken(status);
        }
        return failures;
    }
    /// Compares with what the broker has, and changes nothing.
    samqp::plan plan(const topology &topology, timeout limit = usual_timeout)
    {
        detail::error_out error;
        samqp_plan *raw = nullptr;
        error.check(samqp_topology_plan(&raw, native(), topology.native(), limit.count(), error));
        return samqp::plan::adopt(raw);
    }

    /// \param told Where event_type::confirm and event_type::writable go; without, outcomes are counted for flush and
    /// publish_wait only.
    publisher open_publisher(const options &options = {}, told told = {})
    {
        detail::error_out error;
        samqp_publisher *raw = nullptr;
        error.check(samqp_publisher_open(&raw, native(), options.native(), told.raw, told.user, error));
        return publisher::adopt(raw);
    }
    /// Begins to consume, and waits for the broker's consume-ok; with no_wait it does not. Deliveries come by consumer::poll, or,
    /// with events, as event_type::delivery. When this throws, nothing has begun.
    consumer consume(const text &queue, const options &options = {}, timeout limit = usual_timeout, told told = {})
    {
        detail::error_out error;
        samqp_consumer *raw = nullptr;
        error.check(samqp_consume(
            &raw, native(), queue.c_str(), options.native(), told.raw, told.user, limit.count(), error));
        return consumer(raw, {});
    }
    /// Begins to consume with a handler, called by threads of the library's own, as many as "consumer.max_concurrency". It may
    /// wait, publish, declare; cancelling its own consumer, or draining or closing its client, throws SAMQP_ERR_WOULD_DEADLOCK.
    /// \param events If not null, gets event_type::consumer, with consumer::user() as the pointer.
    consumer consume(
        const text &queue, const options &options, delivery_handler handler, const events *events = nullptr)
    {
        if (!handler) throw error(SAMQP_ERR_INVALID_ARGUMENT, "the handler is empty");
        detail::registration<detail::handler_callback> registered(
            std::make_shared<detail::handler_callback>(std::move(handler)));
        detail::error_out error;
        samqp_consumer *raw = nullptr;
        error.check(samqp_consume_handler(
            &raw, native(), queue.c_str(), options.native(), detail::handler_callback::run,
            events ? events->native() : nullptr, registered.key(), error));
        return consumer(raw, std::move(registered));
    }
    /// Opens a channel on the client's connection for consuming, once there is one.
    channel open_channel(timeout limit = usual_timeout)
    {
        detail::error_out error;
        samqp_channel *raw = nullptr;
        error.check(samqp_channel_open(&raw, native(), limit.count(), error));
        return channel::adopt(raw);
    }

    samqp_client *native() const noexcept { return handle_.get(); }
    samqp_client *release() noexcept { return handle_.release(); }

private:
    explicit client(samqp_client *raw) noexcept : handle_(raw) {}

    detail::handle<samqp_client, samqp_client_free> handle_;
};

} // namespace samqp

#endif // SWIFTAMQP_HPP
