package io.nanogrid.gateway.auth;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// Says with whose key a request is signed. Safe for use by many threads.
public interface SignatureVerifier {

    Verdict verify(SignedRequest request);

    /// A request as it was received.
    ///
    /// @param path with its escapes
    /// @param query with its escapes, without the `?`; empty where there is none
    /// @param headers by lower-case name
    /// @param body asked for once everything else about the signature is in order
    record SignedRequest(
            String method,
            String path,
            String query,
            Map<String, List<String>> headers,
            Supplier<byte[]> body) {
    }

    sealed interface Verdict {

        record Signed(Caller caller) implements Verdict {
        }

        record Unsigned() implements Verdict {
        }

        /// There is no such key, or requests can't be signed with it.
        record UnknownKey() implements Verdict {
        }

        /// It isn't signed with the key it names, or not this request, or not now.
        ///
        /// @param why for people
        record Invalid(String why) implements Verdict {
        }
    }
}
