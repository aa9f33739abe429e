package io.nanogrid.gateway.pool;

/// How many instances have been made for calls that waited, by what there was to make them of.
///
/// @param stem of one whose language was up already
/// @param image of the function's own libraries, in a new process
/// @param none of the runtime alone, in a new process
public record ColdStarts(long stem, long image, long none) {

    static final ColdStarts ZERO = new ColdStarts(0, 0, 0);

    ColdStarts plus(boolean fromStem, boolean libraries) {
        return fromStem
                ? new ColdStarts(stem + 1, image, none)
                : libraries ? new ColdStarts(stem, image + 1, none) : new ColdStarts(stem, image, none + 1);
    }
}
