package io.plinth.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.testkit.Models.Ask;
import io.plinth.testkit.Models.AskList;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LinearizabilityTest {
    private final History<Ask, Optional<String>> register = new History<>();
    private final History<AskList, List<String>> list = new History<>();

    private History.Call<Ask, Optional<String>> ask(Ask what) {
        return register.call("c", "k", what);
    }

    private void done(Ask what, Optional<String> answer) {
        ask(what).returned(answer);
    }

    private void checkRegister() {
        Linearizability.check(Models.register(), register);
    }

    @Test
    void oneAfterTheOther() {
        done(new Ask.Read(), Optional.empty());
        done(new Ask.Write("1"), Optional.of("OK"));
        done(new Ask.Read(), Optional.of("1"));
        done(new Ask.Swap("1", "2"), Optional.of("2"));
        done(new Ask.Swap("1", "3"), Optional.empty());
        done(new Ask.Read(), Optional.of("2"));
        assertThatCode(this::checkRegister).doesNotThrowAnyException();
    }

    @Test
    void aStaleReadIsFound() {
        done(new Ask.Write("1"), Optional.of("OK"));
        done(new Ask.Write("2"), Optional.of("OK"));
        done(new Ask.Read(), Optional.of("1"));
        assertThatThrownBy(this::checkRegister)
                .hasMessageContaining("key k")
                .hasMessageContaining("Read[] -> Optional[1]");
    }

    @Test
    void aReadDuringAWriteMaySeeEither() {
        var write = ask(new Ask.Write("1"));
        done(new Ask.Read(), Optional.empty());
        done(new Ask.Read(), Optional.of("1"));
        write.returned(Optional.of("OK"));
        assertThatCode(this::checkRegister).doesNotThrowAnyException();
    }

    @Test
    void aReadMayNotGoBack() {
        var write = ask(new Ask.Write("1"));
        done(new Ask.Read(), Optional.of("1"));
        done(new Ask.Read(), Optional.empty());
        write.returned(Optional.of("OK"));
        assertThatThrownBy(this::checkRegister).isInstanceOf(AssertionError.class);
    }

    @Test
    void anOperationOfUnknownFateMayHaveHappenedOrNot() {
        var unknown = ask(new Ask.Write("1"));
        done(new Ask.Read(), Optional.empty());
        done(new Ask.Write("2"), Optional.of("OK"));
        done(new Ask.Read(), Optional.of("1"));
        assertThat(unknown).isNotNull();
        assertThatCode(this::checkRegister).doesNotThrowAnyException();
        done(new Ask.Write("3"), Optional.of("OK"));
        done(new Ask.Read(), Optional.of("1"));
        assertThatThrownBy(this::checkRegister).isInstanceOf(AssertionError.class);
    }

    @Test
    void anOperationThatFailedIsForgotten() {
        ask(new Ask.Write("1")).failed();
        done(new Ask.Read(), Optional.of("1"));
        assertThatThrownBy(this::checkRegister).isInstanceOf(AssertionError.class);
    }

    @Test
    void keysAreCheckedAlone() {
        register.call("a", "x", new Ask.Write("1")).returned(Optional.of("OK"));
        register.call("a", "y", new Ask.Read()).returned(Optional.empty());
        assertThatCode(this::checkRegister).doesNotThrowAnyException();
    }

    @Test
    void aLostAppendIsFound() {
        list.call("a", "k", new AskList.Append("1")).returned(List.of());
        list.call("a", "k", new AskList.Append("2")).returned(List.of());
        list.call("b", "k", new AskList.ReadAll()).returned(List.of("1", "2"));
        assertThatCode(() -> Linearizability.check(Models.list(), list)).doesNotThrowAnyException();
        list.call("b", "k", new AskList.ReadAll()).returned(List.of("2"));
        assertThatThrownBy(() -> Linearizability.check(Models.list(), list)).isInstanceOf(AssertionError.class);
    }

    /** Operations that truly happen one at a time, at a random moment between call and return, are always accepted. */
    @Test
    void everyRealRegisterIsAcceptedAndABrokenOneFound() {
        int found = 0;
        for (int seed = 0; seed < 50; seed++) {
            long number = seed;
            assertThatCode(() -> Linearizability.check(Models.register(), played(number, 0)))
                    .doesNotThrowAnyException();
            try {
                Linearizability.check(Models.register(), played(seed, 0.2));
            } catch (AssertionError e) {
                found++;
            }
        }
        assertThat(found).isGreaterThan(40);
    }

    private static History<Ask, Optional<String>> played(long seed, double stale) {
        SplittableRandom random = new SplittableRandom(seed);
        History<Ask, Optional<String>> history = new History<>();
        record Open(History.Call<Ask, Optional<String>> call, Optional<String> answer) {}
        List<Open> open = new ArrayList<>();
        String value = "0";
        String before = value;
        done(history, new Ask.Write(value));
        for (int i = 1; i < 300; i++) {
            if (open.size() < 5 && random.nextBoolean()) {
                boolean write = random.nextBoolean();
                Ask ask = write ? new Ask.Write("" + i) : new Ask.Read();
                var call = history.call("c" + i, "k", ask);
                if (write) {
                    before = value;
                    value = "" + i;
                }
                open.add(new Open(call, Optional.of(random.nextDouble() < stale ? before : value)));
            } else if (!open.isEmpty()) {
                Open ended = open.remove(random.nextInt(open.size()));
                ended.call.returned(ended.answer);
            }
        }
        return history;
    }

    private static void done(History<Ask, Optional<String>> history, Ask ask) {
        history.call("c", "k", ask).returned(Optional.of("OK"));
    }
}
