package io.plinth.kvcache.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kvcache.command.CommandException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LibrariesTest {
    private static final String BAD = "#!lua name=bad\nthis does not compile";

    private final Libraries libraries = new Libraries();
    private final List<String> heard = new ArrayList<>();

    private void hear() {
        libraries.heard(codes -> {
            heard.clear();
            codes.forEach(code -> heard.add(new String(code, StandardCharsets.ISO_8859_1)));
        });
    }

    private void add(String code) {
        Libraries.Library library = Libraries.parse(code, name -> {});
        libraries.checkNew(library.name(), false);
        libraries.add(library, false);
    }

    @Test
    void oneThatDoesNotLoadIsKeptUntilAnotherOfItsNameComesOrItIsDeleted() {
        libraries.keep(BAD);
        hear();
        add("#!lua name=good\nreturn 1");
        assertThat(heard).containsExactlyInAnyOrder(BAD, "#!lua name=good\nreturn 1");
        assertThat(libraries.all()).hasSize(1);

        libraries.delete("bad");
        assertThat(heard).containsExactly("#!lua name=good\nreturn 1");
        assertThatThrownBy(() -> libraries.delete("bad")).isInstanceOf(CommandException.class);

        libraries.keep(BAD);
        add("#!lua name=bad\nreturn 2");
        assertThat(heard).doesNotContain(BAD).hasSize(2);

        libraries.keep("no library at all");
        libraries.flush();
        assertThat(heard).isEmpty();
        assertThat(libraries.codes()).isEmpty();
    }
}
