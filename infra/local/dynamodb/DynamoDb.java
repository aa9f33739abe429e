import com.amazonaws.services.dynamodbv2.local.main.ServerRunner;
import java.lang.reflect.Field;
import java.util.Arrays;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/// Starts DynamoDB Local, which by itself listens to everybody: `java -cp 'target/lib/*' DynamoDb.java HOST OPTION…`.
void main(String[] arguments) throws Exception {
    var dynamoDb = ServerRunner.createServerFromCommandLineArgs(Arrays.copyOfRange(arguments, 1, arguments.length));
    Field jetty = dynamoDb.getClass().getDeclaredField("server");
    jetty.setAccessible(true);
    ((ServerConnector) ((Server) jetty.get(dynamoDb)).getConnectors()[0]).setHost(arguments[0]);
    dynamoDb.start();
    dynamoDb.join();
}
