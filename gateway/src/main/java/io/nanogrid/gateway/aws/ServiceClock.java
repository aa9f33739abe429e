package io.nanogrid.gateway.aws;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeFormatter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;

/// This machine's clock, set right by that of a service where the two are far apart. What machines date for each other, and delete by its date,
/// would else be deleted too soon by whoever's clock is ahead. Safe for use by many threads.
public final class ServiceClock implements InstantSource, ExecutionInterceptor {

    private static final Logger LOG = LoggerFactory.getLogger(ServiceClock.class);
    /// A service tells whole seconds, and its answer may have been on its way for a while.
    private static final Duration TOLERATED = Duration.ofSeconds(30);

    private final InstantSource own;
    private volatile Duration ahead = Duration.ZERO;

    public ServiceClock(InstantSource own) {
        this.own = own;
    }

    @Override
    public Instant instant() {
        return own.instant().plus(ahead);
    }

    @Override
    public void afterTransmission(Context.AfterTransmission context, ExecutionAttributes attributes) {
        context.httpResponse().firstMatchingHeader("Date").ifPresent(this::heard);
    }

    private void heard(String date) {
        try {
            Instant theirs = DateTimeFormatter.RFC_1123_DATE_TIME.parse(date, Instant::from);
            Duration found = Duration.between(own.instant(), theirs);
            boolean near = found.abs().compareTo(TOLERATED) <= 0;
            if (!near && ahead.isZero()) {
                LOG.warn("This machine's clock differs from that of DynamoDB by {}: set it right", found.negated());
            }
            ahead = near ? Duration.ZERO : found;
        } catch (DateTimeException e) {
            LOG.debug("No time: {}", date, e);
        }
    }
}
