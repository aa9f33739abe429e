package io.nanogrid.gateway.aws.dynamo;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/// Where a list goes on: the place of the last item that was given, under the list's own name, so that a cursor of one list is none of another.
final class Cursor {

    /// More than any place has; DynamoDB takes 1,024 bytes.
    private static final int LONGEST = 300;

    private Cursor() {
    }

    static String encode(String list, String place) {
        return Base64.getUrlEncoder().withoutPadding()
                .encodeToString((list + " " + place).getBytes(StandardCharsets.UTF_8));
    }

    /// @return null for the start
    /// @throws IllegalArgumentException where it isn't a cursor of this list
    @Nullable
    static String decode(String list, @Nullable String cursor) {
        if (cursor == null) {
            return null;
        }
        String text = text(cursor);
        String place = text.startsWith(list + " ") ? text.substring(list.length() + 1) : "";
        if (place.isEmpty() || place.length() > LONGEST || !encode(list, place).equals(cursor)) {
            throw new IllegalArgumentException("the cursor is not one of this list: begin again without one");
        }
        return place;
    }

    /// Empty for anything that isn't a cursor.
    private static String text(String cursor) {
        try {
            return new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return "";
        }
    }
}
