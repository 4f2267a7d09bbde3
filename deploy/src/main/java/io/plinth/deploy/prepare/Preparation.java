package io.plinth.deploy.prepare;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.process.Installation;
import io.plinth.deploy.start.Probe;
import io.plinth.kit.config.HostPort;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Makes what a file names below its state folder and nobody has put there. Owned by the command's thread. */
public final class Preparation {
    private static final int ASK_MILLIS = 200;

    private final Wanted wanted;
    private final Installation installation;
    private final Consumer<String> say;
    private final CountryDatabase countries;
    private @Nullable FutureTask<Void> fetch;

    public Preparation(Wanted wanted, Installation installation, Consumer<String> say) {
        this.wanted = wanted;
        this.installation = installation;
        this.say = say;
        this.countries = new CountryDatabase(installation.home().resolve("target/countries/country.mmdb"));
    }

    /** Makes certificates; puts the country database in place, or begins to fetch it. */
    public void begin() throws IOException, DeployException {
        for (Wanted.Pair pair : wanted.pairs()) {
            if (!Files.exists(pair.certificate()) && !Files.exists(pair.key())) {
                DevelopmentCertificate.make(
                        pair.certificate(), pair.key(), wanted.hosts(), Path.of(installation.javaHome()));
                say.accept("made a self-signed certificate for development: " + pair.certificate());
            }
        }
        List<Path> missing =
                wanted.databases().stream().filter(path -> !Files.exists(path)).toList();
        if (missing.isEmpty()) {
            return;
        }
        if (countries.isCached()) {
            install(missing);
            return;
        }
        FutureTask<Void> task = new FutureTask<>(() -> {
            countries.fetch();
            install(missing);
            return null;
        });
        fetch = task;
        Thread.ofPlatform().daemon().name("countries").start(task);
    }

    /**
     * Called when everything is ready: hands a database that came meanwhile to the daemons that use it. One that has
     * not come yet does so later, unless the command ends now.
     */
    public void finish(boolean ends) throws InterruptedException {
        FutureTask<Void> task = fetch;
        if (task == null) {
            return;
        }
        if (task.isDone()) {
            handOver(task);
        } else if (ends) {
            task.cancel(true);
            say.accept("the country database did not come in time; the next `up` tries again, until then geo policies"
                    + " answer their default");
        } else {
            Thread.ofPlatform().daemon().name("countries-later").start(() -> {
                try {
                    handOver(task);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }
    }

    private void handOver(FutureTask<Void> task) throws InterruptedException {
        try {
            task.get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            say.accept("no country database (" + cause.getMessage() + "): geo policies answer their default");
            return;
        }
        say.accept("fetched the country database for geo policies");
        for (HostPort admin : wanted.databaseUsers()) {
            String complaint = ask(admin);
            if (!complaint.isEmpty()) {
                say.accept("geo-dns has not taken it (" + complaint + "): curl -X POST http://" + admin + "/reload");
            }
        }
    }

    /** Asks for a reload; reading the database takes seconds, and nobody need wait for the answer. */
    private static String ask(HostPort admin) {
        try {
            return Probe.http("POST", "http://" + admin + "/reload", ASK_MILLIS);
        } catch (SocketTimeoutException e) {
            return "";
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private void install(List<Path> missing) throws IOException {
        for (Path target : missing) {
            countries.install(target);
        }
    }
}
