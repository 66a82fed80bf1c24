// Runs: asan. The header in C++, and strings of the library in its types.
#include <swiftamqp.h>

#include <string>

#include "check.h"

int main()
{
    const std::string version = samqp_version_string();
    const std::string expected = std::to_string(SAMQP_VERSION_MAJOR) + "." + std::to_string(SAMQP_VERSION_MINOR) + "." +
        std::to_string(SAMQP_VERSION_PATCH);
    CHECK(version == expected);
    samqp_properties properties = SAMQP_PROPERTIES_INIT;
    CHECK(properties.struct_size == sizeof properties && properties.headers == nullptr);
    // An exception of the program passes through its own frames although the Swift runtime is in the process.
    try {
        throw version;
    } catch (const std::string &thrown) {
        CHECK(thrown == expected);
    }
    return finish();
}
