package io.nanogrid.gateway.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.tngtech.archunit.core.domain.AccessTarget.MethodCallTarget;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Holds what docs/CLUSTER.md says that the gateway may do at AWS against what it calls there.
class PolicyTest {

    private static final Map<String, String> SERVICES = Map.of("DynamoDbClient", "dynamodb", "S3Client", "s3",
            "SqsClient", "sqs", "CloudWatchClient", "cloudwatch");
    /// Calls that bear another name than the right to make them, or need several.
    private static final Map<String, List<String>> RIGHTS = Map.ofEntries(
            Map.entry("dynamodb:TransactWriteItems", List.of("dynamodb:PutItem", "dynamodb:UpdateItem",
                    "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem")),
            Map.entry("s3:HeadBucket", List.of("s3:ListBucket")), Map.entry("s3:HeadObject", List.of("s3:GetObject")),
            Map.entry("s3:GetObjectAsBytes", List.of("s3:GetObject")),
            Map.entry("s3:CreateMultipartUpload", List.of("s3:PutObject")),
            Map.entry("s3:UploadPart", List.of("s3:PutObject")),
            Map.entry("s3:CompleteMultipartUpload", List.of("s3:PutObject")),
            Map.entry("s3:ListObjectsV2", List.of("s3:ListBucket")),
            Map.entry("s3:GetBucketLifecycleConfiguration", List.of("s3:GetLifecycleConfiguration")),
            Map.entry("s3:PutBucketLifecycleConfiguration", List.of("s3:PutLifecycleConfiguration")),
            Map.entry("sqs:SendMessageBatch", List.of("sqs:SendMessage")),
            Map.entry("sqs:DeleteMessageBatch", List.of("sqs:DeleteMessage")),
            Map.entry("sqs:ChangeMessageVisibilityBatch", List.of("sqs:ChangeMessageVisibility")));
    private static final Pattern NO_OPERATION = Pattern.compile(":(Builder|Close|Waiter|ServiceName)$");

    @Test
    void whatIsAllowedIsWhatIsCalled() throws Exception {
        String page = Files.readString(Path.of("../docs/CLUSTER.md"));

        assertThat(granted(page)).isEqualTo(used());
    }

    private static Set<String> granted(String page) throws Exception {
        Matcher policy = Pattern.compile("```json\n(.*?)```", Pattern.DOTALL).matcher(page);
        assertThat(policy.find()).isTrue();
        Set<String> actions = new TreeSet<>();
        new ObjectMapper().readTree(policy.group(1)).get("Statement")
                .forEach(statement -> statement.get("Action").forEach(action -> actions.add(action.asText())));
        String creating = page.lines().filter(line -> line.startsWith("`AWS_CREATE` needs")).findFirst().orElseThrow();
        Pattern.compile("`(\\w+:\\w+)`").matcher(creating.substring(0, creating.indexOf(". "))).results()
                .forEach(action -> actions.add(action.group(1)));
        return actions;
    }

    private static Set<String> used() {
        return new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("io.nanogrid.gateway.aws").stream()
                .flatMap(type -> type.getMethodCallsFromSelf().stream())
                .map(JavaMethodCall::getTarget)
                .filter(target -> SERVICES.containsKey(target.getOwner().getSimpleName()))
                .map(PolicyTest::action).filter(action -> !NO_OPERATION.matcher(action).find())
                .flatMap(action -> RIGHTS.containsKey(action) ? RIGHTS.get(action).stream() : Stream.of(action))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String action(MethodCallTarget target) {
        String operation = target.getName().replaceFirst("Paginator$", "");
        return SERVICES.get(target.getOwner().getSimpleName()) + ":"
                + operation.substring(0, 1).toUpperCase(Locale.ROOT)
                + operation.substring(1);
    }
}
