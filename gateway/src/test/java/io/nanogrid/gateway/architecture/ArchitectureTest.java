package io.nanogrid.gateway.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Holds the picture: packages stand on floors, and import lower floors only; each library has one home.
class ArchitectureTest {

    private static final String ROOT = "io.nanogrid.gateway";
    /// From the bottom up. A package that a build doesn't have is no problem; one that stands nowhere is.
    private static final List<List<String>> FLOORS = List.of(
            List.of("config", "auth", "limits", "metrics", "logs", "wire", "code", "routes"),
            List.of("engine", "engine.docker", "engine.sandbox", "plugins"),
            List.of("pool"),
            List.of("dispatch"),
            List.of("invoke", "deploy"),
            List.of("http", "jobs", "worker", "aws", "aws.dynamo", "aws.s3", "aws.sqs", "redis"));
    private static final Map<String, Integer> FLOOR_OF = FLOORS.stream()
            .flatMap(floor -> floor.stream().map(name -> Map.entry(name, FLOORS.indexOf(floor))))
            .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));
    private static final Pattern NAMED = Pattern.compile("`([A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)?)(?:\\.java)?`");

    private static final JavaClasses GATEWAY = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages(ROOT);

    @Test
    void everyPackageStandsOnAFloor() {
        assertThat(GATEWAY).isNotEmpty();
        Set<String> homeless = GATEWAY.stream().map(ArchitectureTest::name)
                .filter(name -> !name.isEmpty() && !FLOOR_OF.containsKey(name)).collect(Collectors.toSet());
        assertThat(homeless).isEmpty();
    }

    @Test
    void aPackageImportsLowerFloorsAloneAndASubpackageItsParent() {
        Set<String> wrong = GATEWAY.stream().filter(type -> !name(type).isEmpty())
                .flatMap(type -> type.getDirectDependenciesFromSelf().stream()).filter(ArchitectureTest::climbs)
                .map(Dependency::getDescription).collect(Collectors.toSet());
        assertThat(wrong).isEmpty();
    }

    private static boolean climbs(Dependency dependency) {
        JavaClass target = dependency.getTargetClass().getBaseComponentType();
        if (!target.getPackageName().equals(ROOT) && !target.getPackageName().startsWith(ROOT + ".")) {
            return false;
        }
        String from = name(dependency.getOriginClass());
        String to = name(target);
        boolean own = from.equals(to) || from.startsWith(to + ".") && !to.isEmpty();
        return !own && (to.isEmpty() || FLOOR_OF.getOrDefault(to, 99) >= FLOOR_OF.getOrDefault(from, -1));
    }

    @ParameterizedTest
    @CsvSource({"io.javalin,http", "org.eclipse.jetty,http", "org.pf4j,plugins", "com.github.dockerjava,engine.docker",
            "software.amazon,aws", "redis.clients,redis", "io.micrometer,metrics", "io.prometheus,metrics", "java.sql,",
            "javax.sql,", "com.zaxxer,", "org.sqlite,"})
    void aLibraryHasOneHome(String library, String home) {
        noClasses()
                .that(describe("live elsewhere",
                        type -> !name(type).equals(home) && !name(type).startsWith(home + ".")))
                .should()
                .dependOnClassesThat().resideInAnyPackage(library, library + "..").check(GATEWAY);
    }

    @Test
    void theEngineAndTheWireDoNotKnowEachOther() {
        noClasses().that().resideInAPackage(ROOT + ".engine..").should().dependOnClassesThat()
                .resideInAPackage(ROOT + ".wire..").check(GATEWAY);
        noClasses().that().resideInAPackage(ROOT + ".wire..").should().dependOnClassesThat()
                .resideInAPackage(ROOT + ".engine..").check(GATEWAY);
    }

    @Test
    void theRootHoldsOnlyWhatPutsTheGatewayTogether() {
        Set<String> root = GATEWAY.stream().filter(type -> name(type).isEmpty() && type.isTopLevelClass())
                .map(JavaClass::getSimpleName).filter(name -> !name.equals("package-info")).collect(Collectors.toSet());
        assertThat(root).contains("Main", "Wiring")
                .isSubsetOf("Main", "Service", "Wiring", "WorkerWiring", "Machine", "EngineChooser", "Backing",
                        "EmbeddedBacking", "ClusterBacking", "DataDirectory", "Gauges", "Closing");
    }

    @Test
    void theDatabaseKnowsNobody() {
        JavaClasses database = new ClassFileImporter().importPackages("io.nanogrid.db");
        noClasses().that().resideInAPackage("io.nanogrid.db..").should().dependOnClassesThat()
                .resideInAPackage(ROOT + "..").check(database);
    }

    /// Words in backticks that look like a class of ours have to be one. Absent in a build without documentation.
    @Test
    void everyClassThatTheArchitecturePageNamesExists() throws IOException {
        Path page = Path.of("../docs/ARCHITECTURE.md");
        Set<String> named = new TreeSet<>();
        if (Files.exists(page)) {
            NAMED.matcher(Files.readString(page)).results().forEach(found -> named.add(found.group(1)));
        }
        assertThat(sources()).contains("Main", "FrameCodec").containsAll(named);
    }

    /// Names of all types in the Java sources of the project, nested ones too.
    private static Set<String> sources() throws IOException {
        Pattern declared = Pattern.compile("\\b(?:class|interface|record|enum|@interface)\\s+([A-Z]\\w*)");
        Set<String> names = new TreeSet<>();
        try (Stream<Path> files = Files.walk(Path.of(".."))) {
            for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
                declared.matcher(Files.readString(file)).results().forEach(found -> names.add(found.group(1)));
            }
        }
        return names;
    }

    /// A package below the root, such as `engine.docker`; empty for the root itself.
    private static String name(JavaClass type) {
        String name = type.getPackageName();
        return name.equals(ROOT) || !name.startsWith(ROOT + ".") ? "" : name.substring(ROOT.length() + 1);
    }
}
