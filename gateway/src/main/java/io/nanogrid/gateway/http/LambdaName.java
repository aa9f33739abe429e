package io.nanogrid.gateway.http;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Which function a caller of Lambda's interface means.
///
/// @param function its name or id
/// @param version its number, or null for what runs now
record LambdaName(String function, @Nullable Integer version) {

    private static final String LATEST = "$LATEST";
    /// A name, an account with a name, or an ARN; each may have a qualifier.
    private static final Pattern NAME = Pattern.compile(
            "(?:(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:)?\\d{12}:function:|function:)?([A-Za-z0-9._-]{1,64})"
                    + "(?::([A-Za-z0-9_$-]{1,128}))?");
    private static final Pattern NUMBER = Pattern.compile("[1-9]\\d{0,8}");

    /// @param qualifier what the query says besides
    /// @throws LambdaError.Thrown if it is none, or what has no version
    static LambdaName read(String name, @Nullable String qualifier) {
        Matcher parts = NAME.matcher(name);
        if (!parts.matches()) {
            throw LambdaError.badParameter("the function must be a name, an id or an ARN, which may end with a version")
                    .thrown();
        }
        String own = parts.group(2);
        String asked = qualifier == null || qualifier.isEmpty() ? own : qualifier;
        if (own != null && !own.equals(asked)) {
            throw LambdaError.badParameter("the qualifier of the function's name isn't that of the query").thrown();
        }
        if (asked == null || asked.equals(LATEST)) {
            return new LambdaName(parts.group(1), null);
        }
        if (!NUMBER.matcher(asked).matches()) {
            throw LambdaError.notFound("Function not found: " + parts.group(1) + ":" + asked
                    + " (a qualifier is $LATEST or a version's number; there are no aliases)").thrown();
        }
        return new LambdaName(parts.group(1), Integer.valueOf(asked));
    }

    /// As Lambda calls it: of what runs now it doesn't say the number.
    String executedVersion() {
        return version == null ? LATEST : version.toString();
    }
}
