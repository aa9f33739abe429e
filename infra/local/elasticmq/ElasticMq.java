import org.elasticmq.NodeAddress;
import org.elasticmq.rest.sqs.SQSRestServerBuilder;

/// Starts ElasticMQ, whose library has no main class: `java -cp 'target/lib/*' ElasticMq.java HOST PORT`.
void main(String[] arguments) {
    int port = Integer.parseInt(arguments[1]);
    SQSRestServerBuilder.withInterface(arguments[0]).withPort(port)
            .withServerAddress(new NodeAddress("http", arguments[0], port, "")).start().waitUntilStarted();
}
