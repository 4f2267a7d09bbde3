package io.plinth.deploy.command;

import io.plinth.deploy.plan.Claim;
import io.plinth.deploy.process.Installation;
import io.plinth.deploy.process.Procfs;
import io.plinth.deploy.process.RunFolder;
import io.plinth.deploy.process.Signals;
import io.plinth.deploy.process.Spawner;
import io.plinth.deploy.process.Stopper;
import io.plinth.deploy.start.Preflight;
import io.plinth.deploy.start.Session;
import io.plinth.deploy.start.StackStarter;
import io.plinth.deploy.start.Takeover;
import io.plinth.deploy.start.UnitStarter;
import io.plinth.kit.config.StackFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** What {@code up} and {@code start} are made of, wired. Owned by the command. */
final class Bringing {
    private final PrintWriter out;
    private final RunFolder folder;
    private final Procfs procfs = Procfs.ofThisMachine();
    private final Installation installation;
    private final StackStarter starter;
    private final Takeover takeover;
    private final Stopper stopper;
    private final Session session;

    Bringing(StackFile file, Map<String, String> settings, PrintWriter out) throws IOException {
        this.out = out;
        this.folder = new RunFolder(file.state());
        this.installation = Installation.ofThisJvm();
        UnitStarter units = new UnitStarter(file, settings, installation, folder, procfs, new Spawner());
        this.starter = new StackStarter(units, System::nanoTime, out::println);
        this.takeover = new Takeover(units, folder, procfs, new Signals(), System::nanoTime);
        this.stopper = new Stopper(folder, procfs, new Signals(), System::nanoTime, line -> out.println("  " + line));
        this.session = new Session(folder, starter, stopper, procfs, out::println);
    }

    RunFolder folder() {
        return folder;
    }

    Procfs procfs() {
        return procfs;
    }

    Installation installation() {
        return installation;
    }

    StackStarter starter() {
        return starter;
    }

    Takeover takeover() {
        return takeover;
    }

    Stopper stopper() {
        return stopper;
    }

    Session session() {
        return session;
    }

    /** Whether every address is free; says a line for each that is not. */
    boolean portsAreFree(Collection<Claim> claims, PrintWriter err) {
        List<String> problems = new Preflight(procfs).problems(claims);
        problems.forEach(problem -> err.println("plinth: " + problem));
        err.flush();
        return problems.isEmpty();
    }

    void say(String line) {
        out.println(line);
    }
}
