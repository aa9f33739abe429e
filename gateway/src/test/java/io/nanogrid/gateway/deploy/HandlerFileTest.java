package io.nanogrid.gateway.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.plugins.TestRuntimes;
import io.nanogrid.spi.Content;
import io.nanogrid.spi.RuntimeDescriptor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HandlerFileTest {

    private RuntimeDescriptor python;

    @BeforeEach
    void loadRuntime() throws Exception {
        python = TestRuntimes.python();
    }

    @Test
    void withoutAHandlerTheRuntimesOwnNamesAreLookedForInItsMainFile() throws Exception {
        assertThat(find(null, "main.py", "other.py")).isEqualTo(new HandlerFile("main.py", python.handlers()));
    }

    @Test
    void theFirstOfTheMainFilesWins() throws Exception {
        assertThat(find(null, "main.py", "lambda_function.py").file()).isEqualTo("lambda_function.py");
    }

    @Test
    void theOnlySourceFileIsTheMainFile() throws Exception {
        assertThat(find(null, "app.py", "data.json", "lib/other.py").file()).isEqualTo("app.py");
    }

    @Test
    void twoSourceFilesWithoutAMainOneAreAmbiguous() {
        assertThatThrownBy(() -> find(null, "a.py", "b.py")).isInstanceOf(InvalidDefinition.class)
                .hasMessageContaining("a.py, b.py");
    }

    @Test
    void aBareNameIsAFunctionOfTheMainFile() throws Exception {
        assertThat(find("go", "main.py")).isEqualTo(new HandlerFile("main.py", List.of("go")));
    }

    @Test
    void aModuleAndANameAreAFileAndAFunction() throws Exception {
        assertThat(find("app.go", "app.py", "main.py")).isEqualTo(new HandlerFile("app.py", List.of("go")));
    }

    @Test
    void aModuleMayBeInADirectoryBySlashOrByDot() throws Exception {
        assertThat(find("pkg/app.go", "pkg/app.py").file()).isEqualTo("pkg/app.py");
        assertThat(find("pkg.app.go", "pkg/app.py").file()).isEqualTo("pkg/app.py");
    }

    @Test
    void aModuleThatIsNotThereIsReportedWithWhatIs() {
        assertThatThrownBy(() -> find("nope.go", "main.py")).isInstanceOf(InvalidDefinition.class)
                .hasMessageContaining("nope.py").hasMessageContaining("main.py");
    }

    private HandlerFile find(@Nullable String handler, String... files) throws Exception {
        return HandlerFile.find(python, handler, CodeBundle.of(Arrays.stream(files)
                .collect(Collectors.toMap(Function.identity(), _ -> Content.of(new byte[0])))));
    }
}
