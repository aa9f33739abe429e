package io.nanogrid.gateway.aws;

import io.nanogrid.gateway.config.ClusterConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.TimeToLiveDescription;
import software.amazon.awssdk.services.dynamodb.model.TimeToLiveStatus;
import software.amazon.awssdk.services.s3.model.ExpirationStatus;
import software.amazon.awssdk.services.s3.model.LifecycleRule;
import software.amazon.awssdk.services.s3.model.LifecycleRuleFilter;
import software.amazon.awssdk.services.s3.model.S3Exception;

/// Whether what has outlived its use goes by itself from tables and a bucket that somebody else may have made. Nothing here keeps a gateway
/// from its work: where it can't be asked, it is taken for good.
final class Expiry {

    private static final Logger LOG = LoggerFactory.getLogger(Expiry.class);
    /// Of what killed processes, and who never comes back, leave.
    private static final List<String> PREFIXES = List.of("outputs/", "blobs/");

    private final AwsClients clients;
    private final ClusterConfig config;

    Expiry(AwsClients clients, ClusterConfig config) {
        this.clients = clients;
        this.config = config;
    }

    /// What is to be set, one line each; empty when all is well.
    List<String> advice() {
        return Stream.of(ofTable(config.table()), ofTable(config.logsTable()), ofBucket()).filter(Objects::nonNull)
                .toList();
    }

    private @Nullable String ofTable(String name) {
        try {
            return isOn(clients.dynamoDb(), name)
                    ? null
                    : "Nothing that is old ever goes from the table " + name
                            + ": switch on its time to live, with the attribute " + Resources.TTL;
        } catch (SdkException e) {
            LOG.debug("Nobody says whether items of {} end", name, e);
            return null;
        }
    }

    static boolean isOn(DynamoDbClient dynamoDb, String table) {
        // Imitations of DynamoDB may say nothing.
        @Nullable
        TimeToLiveDescription ttl = dynamoDb.describeTimeToLive(of -> of.tableName(table)).timeToLiveDescription();
        return ttl != null && (ttl.timeToLiveStatus() == TimeToLiveStatus.ENABLED
                || ttl.timeToLiveStatus() == TimeToLiveStatus.ENABLING) && Resources.TTL.equals(ttl.attributeName());
    }

    private @Nullable String ofBucket() {
        List<LifecycleRule> rules;
        try {
            rules = clients.s3().getBucketLifecycleConfiguration(of -> of.bucket(config.bucket())).rules();
        } catch (S3Exception e) {
            if (e.statusCode() != 404) {
                LOG.debug("Nobody says which rules the bucket has", e);
                return null;
            }
            rules = List.of();
        } catch (SdkException e) {
            LOG.debug("Nobody says which rules the bucket has", e);
            return null;
        }
        List<String> lacking = lacking(rules);
        return lacking.isEmpty()
                ? null
                : "The bucket " + config.bucket() + " keeps for ever what nobody comes back for: add rules to its"
                        + " lifecycle for " + String.join(", ", lacking) + ", as docs/CLUSTER.md has them";
    }

    private static List<String> lacking(List<LifecycleRule> rules) {
        List<LifecycleRule> enabled = rules.stream().filter(rule -> rule.status() == ExpirationStatus.ENABLED).toList();
        List<String> lacking = new ArrayList<>();
        if (enabled.stream().noneMatch(rule -> rule.abortIncompleteMultipartUpload() != null && covers(rule, ""))) {
            lacking.add("unfinished uploads");
        }
        for (String prefix : PREFIXES) {
            if (enabled.stream().noneMatch(rule -> rule.expiration() != null && covers(rule, prefix))) {
                lacking.add(prefix);
            }
        }
        return lacking;
    }

    /// Whether a rule is for all objects below a prefix.
    private static boolean covers(LifecycleRule rule, String prefix) {
        LifecycleRuleFilter filter = rule.filter();
        if (filter == null) {
            return prefix.startsWith(Objects.requireNonNullElse(rule.prefix(), ""));
        }
        boolean some = filter.tag() != null || filter.and() != null || filter.objectSizeGreaterThan() != null
                || filter.objectSizeLessThan() != null;
        return !some && prefix.startsWith(Objects.requireNonNullElse(filter.prefix(), ""));
    }
}
