package io.nanogrid.gateway.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.nanogrid.gateway.deploy.Announcer;
import io.nanogrid.gateway.deploy.Change;
import io.nanogrid.gateway.deploy.ChangeListener;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Announces changes on the channel `changes`, as lines of the gateway's id, the kind of change and what has changed: `3f2a callback 1001`.
public final class RedisAnnouncer implements Announcer {

    private static final Logger LOG = LoggerFactory.getLogger(RedisAnnouncer.class);
    private static final String CHANNEL = "changes";
    private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");

    private final Redis redis;
    private final String gatewayId;

    /// @param gatewayId what this gateway announces itself isn't told to its own listeners
    public RedisAnnouncer(Redis redis, String gatewayId) {
        this.redis = redis;
        this.gatewayId = gatewayId;
    }

    /// Tells the listener what others announce.
    ///
    /// @return ends it: when that has been closed, nothing calls the listener any more
    public AutoCloseable listen(ChangeListener listener) {
        return new Subscription(redis, CHANNEL, new Announcements(gatewayId, listener));
    }

    @Override
    public void announce(Change change) {
        String what = switch (change) {
            case Change.Callback(long id) -> "callback " + id;
            case Change.Function(String id) -> "function " + id;
            case Change.Keys() -> "keys";
        };
        try {
            redis.call(client -> client.publish(CHANNEL, gatewayId + " " + what));
        } catch (RedisUnavailable e) {
            LOG.warn("The other gateways hear later of a change ({}): {}", what, e.getMessage());
        }
    }

    private record Announcements(String gatewayId, ChangeListener listener) implements Subscription.Listener {

        @Override
        public void connected() {
            listener.mayHaveMissed();
        }

        @Override
        public void message(byte[] message) {
            String[] words = new String(message, UTF_8).split(" ", 3);
            if (words[0].equals(gatewayId)) {
                return;
            }
            Change change = change(words);
            if (change == null) {
                // A gateway of another version says what this one has no words for.
                listener.mayHaveMissed();
            } else {
                listener.changed(change);
            }
        }

        private static @Nullable Change change(String[] words) {
            String kind = words.length > 1 ? words[1] : "";
            String what = words.length > 2 ? words[2] : "";
            return switch (kind) {
                case "callback" -> NUMBER.matcher(what).matches() ? new Change.Callback(Long.parseLong(what)) : null;
                case "function" -> what.isEmpty() ? null : new Change.Function(what);
                case "keys" -> new Change.Keys();
                default -> null;
            };
        }
    }
}
