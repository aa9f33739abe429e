package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.CallbackRepositoryContract;
import io.nanogrid.db.ChatRoomRepositoryContract;
import io.nanogrid.db.Database;
import io.nanogrid.db.DeployContract;
import io.nanogrid.db.FunctionRepositoryContract;
import java.net.URI;
import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.Nested;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ResourceInUseException;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

class DynamoContractTest {

    static final DynamoDbClient CLIENT = DynamoDbClient.builder().endpointOverride(URI.create("http://127.0.0.1:18777"))
            .region(Region.EU_CENTRAL_1).httpClient(UrlConnectionHttpClient.create())
            .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("a", "b"))).build();

    static Database database(Path directory) {
        String name = "t" + directory.toString().replaceAll("[^A-Za-z0-9]", "");
        try {
            CLIENT.createTable(t -> t.tableName(name).billingMode(BillingMode.PAY_PER_REQUEST)
                    .attributeDefinitions(a -> a.attributeName("pk").attributeType(ScalarAttributeType.S),
                            a -> a.attributeName("sk").attributeType(ScalarAttributeType.S))
                    .keySchema(k -> k.attributeName("pk").keyType(KeyType.HASH),
                            k -> k.attributeName("sk").keyType(KeyType.RANGE)));
        } catch (ResourceInUseException e) {
            // there already
        }
        try {
            CLIENT.createTable(t -> t.tableName(name + "l").billingMode(BillingMode.PAY_PER_REQUEST)
                    .attributeDefinitions(a -> a.attributeName("functionId").attributeType(ScalarAttributeType.S),
                            a -> a.attributeName("startedAt").attributeType(ScalarAttributeType.S))
                    .keySchema(k -> k.attributeName("functionId").keyType(KeyType.HASH),
                            k -> k.attributeName("startedAt").keyType(KeyType.RANGE)));
        } catch (ResourceInUseException e) {
            // there already
        }
        var blobs = new java.util.concurrent.ConcurrentHashMap<String, byte[]>();
        return new DynamoDatabase(CLIENT, name, name + "l", java.time.Duration.ofDays(3650), new io.nanogrid.gateway.aws.Blobs() {
            public void put(String key, byte[] bytes) { blobs.put(key, bytes); }
            public byte[] get(String key) { return blobs.get(key); }
            public void delete(String key) { blobs.remove(key); }
        }, "gateway-1", InstantSource.system());
    }

    @Nested
    class Callbacks extends CallbackRepositoryContract {
        @Override
        protected Database open(Path directory) {
            return database(directory);
        }
    }

    @Nested
    class Deploying extends DeployContract {
        @Override
        protected Database open(Path directory) {
            return database(directory);
        }
    }

    @Nested
    class Functions extends FunctionRepositoryContract {
        @Override
        protected Database open(Path directory) {
            return database(directory);
        }
    }

    @Nested
    class ChatRooms extends ChatRoomRepositoryContract {
        @Override
        protected Database open(Path directory) {
            return database(directory);
        }
    }

    @Nested
    class Executions extends io.nanogrid.db.ExecutionRepositoryContract {
        @Override
        protected Database open(Path directory) {
            return database(directory);
        }
    }

    @Nested
    class Idempotency extends io.nanogrid.db.IdempotencyRepositoryContract {
        @Override
        protected Database open(Path directory) {
            return database(directory);
        }
    }

    @Nested
    class Keys extends io.nanogrid.db.KeyRepositoryContract {
        @Override
        protected Database open(Path directory) {
            return database(directory);
        }
    }
}
