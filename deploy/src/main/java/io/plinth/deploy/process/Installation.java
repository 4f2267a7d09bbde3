package io.plinth.deploy.process;

import io.plinth.kit.lifecycle.JvmSizing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where this command is installed, and how its JVMs are called. Immutable.
 *
 * @param home the folder with the {@code plinth} script, its default file and {@code jvm.options}
 * @param java the program
 * @param classPath as this JVM has it
 * @param aotCache null when there is none
 * @param options the lines of {@code jvm.options}: every JVM has them, as the AOT cache fits only one set
 */
public record Installation(
        Path home, String java, String classPath, @Nullable Path aotCache, List<String> options) {
    /** Not less than the initial heap of {@code jvm.options}. */
    private static final long HEAP_KIB_MIN = 32 << 10;

    public Installation {
        options = List.copyOf(options);
    }

    /** As the script that started this JVM has said through system properties. */
    public static Installation ofThisJvm() throws IOException {
        Path home = Path.of(System.getProperty("plinth.home", "deploy"))
                .toAbsolutePath()
                .normalize();
        Path optionsFile = home.resolve("jvm.options");
        List<String> options = Files.exists(optionsFile)
                ? Files.readAllLines(optionsFile).stream()
                        .map(String::strip)
                        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                        .toList()
                : List.of();
        String cache = System.getProperty("plinth.aot", "");
        return new Installation(
                home,
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                System.getProperty("java.class.path"),
                cache.isEmpty() || !Files.exists(Path.of(cache)) ? null : Path.of(cache),
                options);
    }

    /** The Java home, for programs that want one. */
    public String javaHome() {
        Path bin = Path.of(java).getParent();
        Path javaHome = bin == null ? null : bin.getParent();
        return javaHome == null ? "" : javaHome.toString();
    }

    /** The JVM options of a process of the given size. */
    public List<String> jvmOptions(JvmSizing sizing) {
        List<String> own = joined(sizing.options());
        boolean ownCollector = own.stream().anyMatch(Installation::isCollector);
        List<String> result = new ArrayList<>();
        options.stream()
                .filter(option -> !(ownCollector && isCollector(option)))
                .forEach(result::add);
        own.stream().filter(option -> !result.contains(option)).forEach(result::add);
        result.add("-Xmx" + Math.max(HEAP_KIB_MIN, sizing.heap().bytes() >> 10) + "k");
        result.add("-XX:MaxDirectMemorySize=" + Math.max(1, sizing.direct().bytes() >> 10) + "k");
        Path cache = aotCache;
        if (cache != null) {
            result.add("-XX:AOTCache=" + cache);
        }
        return result;
    }

    /** A whole command that runs another class of this program, with so many MiB of heap. */
    public List<String> command(Class<?> main, int heapMebibytes, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(java);
        command.addAll(options);
        command.add("-Xmx" + heapMebibytes + "m");
        Path cache = aotCache;
        if (cache != null) {
            command.add("-XX:AOTCache=" + cache);
        }
        command.add("-cp");
        command.add(classPath);
        command.add(main.getName());
        command.addAll(arguments);
        return command;
    }

    /** A whole command that calls this program with {@code arguments}. */
    public List<String> command(JvmSizing sizing, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(java);
        command.addAll(jvmOptions(sizing));
        command.add("-Dplinth.home=" + home);
        Path cache = aotCache;
        if (cache != null) {
            command.add("-Dplinth.aot=" + cache);
        }
        command.add("-cp");
        command.add(classPath);
        command.add("io.plinth.deploy.Plinth");
        command.addAll(arguments);
        return command;
    }

    /** Two-word options ({@code --add-opens a=b}) as one word, so that equal ones are seen to be equal. */
    private static List<String> joined(List<String> options) {
        List<String> result = new ArrayList<>();
        for (String option : options) {
            int last = result.size() - 1;
            if (!option.startsWith("-") && last >= 0 && result.get(last).startsWith("--")) {
                result.set(last, result.get(last) + "=" + option);
            } else {
                result.add(option);
            }
        }
        return result;
    }

    private static boolean isCollector(String option) {
        return option.matches("-XX:\\+Use\\w+GC");
    }
}
