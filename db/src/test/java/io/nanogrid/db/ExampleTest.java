package io.nanogrid.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import org.junit.jupiter.api.Test;

class ExampleTest {

    @Test
    void thereIsOnePerLanguageInTheOrderOfTheirIds() {
        assertThat(Example.all()).extracting(Example::path, Example::method, Example::runtime, Example::fileName)
                .containsExactly(tuple("hello", "GET", "python", "lambda_function.py"),
                        tuple("world", "GET", "node", "index.js"));
    }

    @Test
    void itsSourceHasTheHandlerThatItsRuntimeLooksFor() {
        assertThat(Example.all()).allSatisfy(example -> assertThat(example.source()).contains("lambda_handler"));
    }

    @Test
    void itsDraftNamesTheCodeThatItIsGiven() {
        CallbackDraft draft = Example.all().getFirst().draft("key", "c0de");

        assertThat(draft.definition().codeHash()).isEqualTo("c0de");
        assertThat(draft.endpoint()).isEqualTo(new Endpoint("hello", "GET", "key", Access.NONE, null));
    }
}
