package io.nanogrid.gateway.metrics;

/// What says whether there are enough workers.
///
/// @param waiting calls and jobs that nobody has taken yet, about
/// @param capacity how many calls the workers can run at once, all together
public record Scaling(long waiting, int workers, int capacity) {

    /// For each worker; where there is none, for the one that is needed first.
    public double backlogPerWorker() {
        return (double) waiting / Math.max(1, workers);
    }
}
