package io.nanogrid.gateway.aws;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.cluster.FaultProxy;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import io.nanogrid.gateway.config.ClusterConfig;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

/// DynamoDB answers for itself. S3's answers about lifecycles are given as S3 documents them: the server here keeps no rules.
class ExpiryTest {

    private final LocalCloud cloud = LocalCloud.with(Service.S3, Service.DYNAMODB, Service.SQS);
    private final FaultProxy proxy = FaultProxy.to(cloud.server(Service.S3));
    private final ClusterConfig config = cloud.config("AWS_ENDPOINT_URL_S3", proxy.uri().toString());
    private final AwsClients clients = new AwsClients(config);

    @BeforeEach
    void prepare() throws IOException {
        assertThat(new Resources(clients, config).prepare()).isEmpty();
    }

    @AfterEach
    void close() {
        clients.close();
        proxy.close();
        cloud.close();
    }

    private List<String> advice(ClusterConfig config) {
        return new Expiry(clients, config).advice();
    }

    private static String rule(String prefix, String what) {
        return "<Rule><ID>" + what.hashCode() + prefix + "</ID><Filter><Prefix>" + prefix
                + "</Prefix></Filter><Status>Enabled</Status>" + what + "</Rule>";
    }

    private static String expiring(String prefix) {
        return rule(prefix, "<Expiration><Days>30</Days></Expiration>");
    }

    private void rules(String... rules) {
        proxy.answer(1, 200, "application/xml",
                "<LifecycleConfiguration>" + String.join("", rules) + "</LifecycleConfiguration>");
    }

    private static final String UPLOADS = rule("", "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1"
            + "</DaysAfterInitiation></AbortIncompleteMultipartUpload>");

    @Test
    void whatWasCreatedHereNeedsNothing() {
        rules(UPLOADS, expiring("outputs/"), expiring("blobs/"));

        assertThat(advice(config)).isEmpty();
    }

    @Test
    void aTableWhoseItemsNeverEndIsNamed() {
        String table = config.logsTable() + "-own";
        clients.dynamoDb().createTable(create -> create.tableName(table).billingMode(BillingMode.PAY_PER_REQUEST)
                .keySchema(key -> key.attributeName(Resources.FUNCTION_ID).keyType(KeyType.HASH),
                        key -> key.attributeName(Resources.SK).keyType(KeyType.RANGE))
                .attributeDefinitions(
                        of -> of.attributeName(Resources.FUNCTION_ID).attributeType(ScalarAttributeType.S),
                        of -> of.attributeName(Resources.SK).attributeType(ScalarAttributeType.S)));
        ClusterConfig own = cloud.config("LOGS_TABLE_NAME", table);

        assertThat(advice(own)).singleElement().asString().contains(table).contains("attribute ttl");

        clients.dynamoDb().updateTimeToLive(update -> update.tableName(table)
                .timeToLiveSpecification(ttl -> ttl.attributeName("other").enabled(true)));
        assertThat(advice(own)).singleElement().asString().contains(table);
    }

    @Test
    void aBucketWithoutRulesIsToldWhichItLacks() {
        proxy.answer(1, 404, "application/xml", "<Error><Code>NoSuchLifecycleConfiguration</Code></Error>");

        assertThat(advice(config)).singleElement().asString().contains(config.bucket())
                .contains("unfinished uploads, outputs/, blobs/");
    }

    @Test
    void aRuleThatIsOffOrForLessThanAllCountsForNothing() {
        rules(UPLOADS, expiring("outputs/").replace("Enabled", "Disabled"), expiring("blobs/calls/"));

        assertThat(advice(config)).singleElement().asString().contains("outputs/, blobs/")
                .doesNotContain("uploads");
    }

    @Test
    void aRuleForTheWholeBucketIsEnough() {
        rules(UPLOADS, expiring(""));

        assertThat(advice(config)).isEmpty();
    }

    @Test
    void whereRulesMayNotBeReadNothingIsSaid() {
        proxy.answer(1, 403, "application/xml", "<Error><Code>AccessDenied</Code></Error>");

        assertThat(advice(config)).isEmpty();
    }

    @Test
    void aServerThatKnowsNoRulesIsNotWarnedOf() {
        assertThat(advice(config)).isEmpty();
    }
}
