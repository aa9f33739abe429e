package io.nanogrid.gateway.aws.sqs;

/// A message that this process has, and nobody else gets as long as it is held. To be ended by one of the methods of [Receiver].
///
/// @param receipt names this reception to SQS
/// @param receptions how often it was received, by whomever
record Held(String receipt, String body, int receptions) {

    @Override
    public boolean equals(Object other) {
        return other instanceof Held held && held.receipt.equals(receipt);
    }

    @Override
    public int hashCode() {
        return receipt.hashCode();
    }

    /// Without the body, which may hold anything.
    @Override
    public String toString() {
        return "Held[" + receipt + "]";
    }
}
