package io.nanogrid.gateway.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads variables one by one and collects what is wrong with them.
final class Settings {

    private static final Pattern SIZE = Pattern.compile("(\\d{1,12})\\s*(B|KiB|MiB|GiB)?");
    private static final Pattern TIME = Pattern.compile("(\\d{1,9})\\s*(ms|s|m|h|d)?");

    private final Map<String, String> environment;
    private final List<String> problems = new ArrayList<>();

    Settings(Map<String, String> environment) {
        this.environment = environment;
    }

    List<String> problems() {
        return problems;
    }

    void problem(String key, String message) {
        problems.add(key + ": " + message);
    }

    /// The value, or null where the variable is missing or blank.
    @Nullable
    String get(String key) {
        String value = environment.get(key);
        return value == null || value.isBlank() ? null : value.strip();
    }

    String text(String key, String fallback) {
        String value = get(key);
        return value == null ? fallback : value;
    }

    int integer(String key, int fallback, int min, int max) {
        return read(key, fallback, value -> {
            int number = Integer.parseInt(value);
            if (number < min || number > max) {
                throw new IllegalArgumentException("must be from " + min + " to " + max);
            }
            return number;
        }, "must be a whole number from " + min + " to " + max);
    }

    boolean flag(String key) {
        return read(key, false, value -> switch (value.toLowerCase(Locale.ROOT)) {
            case "true", "1", "yes" -> true;
            case "false", "0", "no" -> false;
            default -> throw new IllegalArgumentException("must be true or false");
        }, "must be true or false");
    }

    <E extends Enum<E>> E choice(String key, E fallback, Class<E> type) {
        String choices = Arrays.stream(type.getEnumConstants()).map(e -> e.name().toLowerCase(Locale.ROOT)).toList()
                .toString();
        return read(key, fallback, value -> Enum.valueOf(type, value.toUpperCase(Locale.ROOT)),
                "must be one of " + choices);
    }

    /// `6291456`, `6 MiB`, `1GiB`.
    long bytes(String key, long fallback, long min, long max) {
        String hint = "must be a size from " + min + " to " + max + " bytes, such as 6 MiB";
        return read(key, fallback, value -> {
            Matcher matcher = SIZE.matcher(value);
            if (!matcher.matches()) {
                throw new IllegalArgumentException(hint);
            }
            String unit = matcher.group(2);
            int shift = unit == null ? 0 : switch (unit) {
                case "KiB" -> 10;
                case "MiB" -> 20;
                case "GiB" -> 30;
                default -> 0;
            };
            long number = Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift);
            if (number < min || number > max) {
                throw new IllegalArgumentException(hint);
            }
            return number;
        }, hint);
    }

    /// `10`, `10s`, `5m`, `7d`; without a unit in `defaultUnit`.
    Duration duration(String key, Duration fallback, String defaultUnit) {
        String hint = "must be a time such as 500ms, 10s, 5m, 2h or 7d";
        return read(key, fallback, value -> {
            Matcher matcher = TIME.matcher(value);
            if (!matcher.matches()) {
                throw new IllegalArgumentException(hint);
            }
            long number = Long.parseLong(matcher.group(1));
            String unit = matcher.group(2) == null ? defaultUnit : matcher.group(2);
            return switch (unit) {
                case "ms" -> Duration.ofMillis(number);
                case "s" -> Duration.ofSeconds(number);
                case "m" -> Duration.ofMinutes(number);
                case "h" -> Duration.ofHours(number);
                default -> Duration.ofDays(number);
            };
        }, hint);
    }

    List<String> list(String key) {
        String value = get(key);
        return value == null
                ? List.of()
                : Arrays.stream(value.split(",", -1)).map(String::strip).filter(s -> !s.isEmpty()).toList();
    }

    <T> List<T> listOf(String key, Function<String, T> reader, String hint) {
        List<T> read = new ArrayList<>();
        for (String item : list(key)) {
            try {
                read.add(reader.apply(item));
            } catch (IllegalArgumentException e) {
                problem(key, "'" + item + "' " + hint);
            }
        }
        return List.copyOf(read);
    }

    <T> T read(String key, T fallback, Function<String, T> reader, String hint) {
        String value = get(key);
        if (value == null) {
            return fallback;
        }
        try {
            return reader.apply(value);
        } catch (IllegalArgumentException | ArithmeticException e) {
            problem(key, hint + ", not '" + value + "'");
            return fallback;
        }
    }
}
