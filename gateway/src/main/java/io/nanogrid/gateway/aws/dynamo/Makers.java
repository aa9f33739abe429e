package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.gateway.aws.dynamo.FunctionState.Making;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// The gateways that are about to make something of a function, or have left it in the making. One that has made nothing of it for a while, and given
/// no sign of life, is taken for dead. Stateless: any thread may use it.
///
/// @param clock of this gateway
record Makers(Table table, Clock clock) {

    /// Signs of life come several times in it, and a gateway that can't give one can't store what it has made either.
    static final Duration SILENCE = Duration.ofMinutes(3);
    /// Then even one that lives has left it.
    private static final Duration LONGEST_BUILD = Duration.ofHours(1);
    /// For DynamoDB to delete the signs of gateways that never come back.
    private static final Duration KEPT = Duration.ofDays(1);
    private static final String AT = "at";

    /// Says that this gateway lives.
    void giveSign() {
        Instant now = clock.now();
        table.putAll(List.of(Item.at(Key.signOfLife(clock.gateway())).set(AT, now)
                .set(Item.TIME_TO_LIVE, now.plus(KEPT).getEpochSecond()).build()));
    }

    Making mark(Instant now) {
        return new Making(clock.gateway(), now);
    }

    boolean isBuilding(FunctionState function) {
        Making making = function.making();
        return function.building() != null && (making == null || !isAbandoned(making));
    }

    /// Whether this gateway may end it at its start: it is what it has left itself, or what one that died has.
    boolean isLeftForThis(Making making) {
        return making.owner().equals(clock.gateway()) || isAbandoned(making);
    }

    boolean isAbandoned(Making making) {
        Instant now = clock.now();
        if (making.since().plus(LONGEST_BUILD).isBefore(now)) {
            return true;
        }
        Instant limit = now.minus(SILENCE);
        return making.since().isBefore(limit) && !making.owner().equals(clock.gateway())
                && isSilentSince(making.owner(), limit);
    }

    private boolean isSilentSince(String gateway, Instant limit) {
        Item sign = table.get(Key.signOfLife(gateway));
        return sign == null || sign.time(AT).isBefore(limit);
    }
}
