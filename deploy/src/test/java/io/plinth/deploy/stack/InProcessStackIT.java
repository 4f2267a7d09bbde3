package io.plinth.deploy.stack;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.deploy.process.Procfs;
import io.plinth.deploy.process.RunFolder;
import io.plinth.deploy.process.RunRecord;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** All daemons in one process, and the command does not stay. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class InProcessStackIT extends StackContract {
    private final AtomicReference<TestStack> stack = new AtomicReference<>();

    @BeforeAll
    @Timeout(360)
    void up() throws Exception {
        stack.set(TestStack.create());
        Script.Result up = stack().run("up", "--in-process", "--detach");
        assertThat(up.exitCode()).as(up.out() + up.err()).isZero();
        assertThat(up.out()).contains("ready in ");
    }

    @AfterAll
    @Timeout(360)
    void down() throws Exception {
        List<RunRecord> records = new RunFolder(stack().folder().resolve(".plinth")).records();
        Script.Result down = stack().run("down");
        assertThat(down.exitCode()).as(down.err()).isZero();
        assertThat(down.out()).contains("stopped (10 processes)").doesNotContain("was killed");
        Procfs procfs = Procfs.ofThisMachine();
        assertThat(records).noneMatch(record -> procfs.alive(record.process()));
        stack().remove();
    }

    @Override
    TestStack stack() {
        return Objects.requireNonNull(stack.get());
    }

    @Test
    void allDaemonsShareAProcess() throws Exception {
        List<RunRecord> daemons = new RunFolder(stack().folder().resolve(".plinth"))
                .records().stream()
                        .filter(record -> record.host().equals("daemons"))
                        .toList();
        assertThat(daemons).hasSize(8);
        assertThat(daemons)
                .extracting(RunRecord::process)
                .containsOnly(daemons.getFirst().process());
        Script.Result kill = stack().ask("kill", "cache-1");
        assertThat(kill.exitCode()).isEqualTo(1);
        assertThat(kill.err()).contains("in the process of all daemons");
    }
}
