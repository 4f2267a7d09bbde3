package io.plinth.testkit;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.function.Executable;

/**
 * The rules of the design that a compiler does not hold, for one module. Its {@code ArchitectureTest} is
 *
 * <pre>{@code
 * @TestFactory
 * Stream<DynamicTest> rules() {
 *     return ArchitectureRules.daemon("io.plinth.lbproxy", "route", "balance");
 * }
 * }</pre>
 */
public final class ArchitectureRules {
    /** Packages of the daemons. */
    private static final List<String> DAEMONS = List.of(
            "io.plinth.geodns", "io.plinth.lbproxy", "io.plinth.kvcache", "io.plinth.mqbroker", "io.plinth.dbproxy");

    /** What stands above the daemons. */
    private static final List<String> ABOVE = List.of("io.plinth.deploy", "shop");

    private static final Pattern VAGUE = Pattern.compile("(Util|Common|Manager|Helper)s?([A-Z].*)?$");
    private static final Set<String> TIME_AND_CHANCE = Set.of(
            "java.lang.System.nanoTime",
            "java.lang.System.currentTimeMillis",
            "java.lang.Math.random",
            "java.lang.Thread.sleep",
            "java.util.concurrent.ThreadLocalRandom.current",
            "java.time.Clock.systemUTC",
            "java.time.Clock.systemDefaultZone",
            "java.time.Instant.now",
            "java.time.LocalDate.now",
            "java.time.LocalDateTime.now",
            "java.time.OffsetDateTime.now",
            "java.time.ZonedDateTime.now");
    private static final Set<String> BINDING = Set.of(
            "io.netty.bootstrap.ServerBootstrap.<init>",
            "io.netty.bootstrap.ServerBootstrap.bind",
            "io.netty.bootstrap.Bootstrap.bind",
            "io.netty.bootstrap.AbstractBootstrap.bind",
            "java.net.ServerSocket.<init>",
            "java.net.DatagramSocket.<init>",
            "java.nio.channels.ServerSocketChannel.open",
            "java.nio.channels.DatagramChannel.open");

    private final Path module;
    private final String base;
    private final JavaClasses classes;
    private final List<DynamicTest> tests = new ArrayList<>();

    ArchitectureRules(Path module, String base) {
        this.module = module;
        this.base = base;
        this.classes = new ClassFileImporter().importPath(module.resolve("target/classes"));
        if (classes.isEmpty()) {
            throw new AssertionError(
                    "classes of " + base + ": none under " + module.toAbsolutePath() + " (expected: some)");
        }
    }

    /** Every rule for a daemon; {@code plain} names its sub-packages that are plain logic. */
    public static Stream<DynamicTest> daemon(String base, String... plain) {
        return here(base, rules -> rules.daemon(List.of(plain)));
    }

    /** The rules for a module that is no daemon; it may depend on nothing whose package starts with one of these. */
    public static Stream<DynamicTest> module(String base, String... forbidden) {
        return here(base, rules -> rules.dependencies(List.of(forbidden)));
    }

    /** The rules for the module that daemons stand on: it depends on none of them, and time and chance are given to it. */
    public static Stream<DynamicTest> foundation(String base) {
        return here(
                base, rules -> rules.dependencies(DAEMONS).dependencies(ABOVE).given());
    }

    private static Stream<DynamicTest> here(String base, UnaryOperator<ArchitectureRules> more) {
        Path module = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
        if (Files.notExists(module.resolve("src/main/java"))) {
            return Stream.empty();
        }
        return more.apply(new ArchitectureRules(module, base).sources().classes()).tests.stream();
    }

    List<DynamicTest> tests() {
        return tests;
    }

    ArchitectureRules sources() {
        SourceRules sources = new SourceRules(module);
        test("sources are formatted", sources::formatted);
        test("no file is longer than " + SourceRules.LONGEST_FILE + " lines", sources::shortEnough);
        test("every package has a @NullMarked package-info", sources::nullMarked);
        test("no package has more than " + SourceRules.LARGEST_PACKAGE + " classes", sources::small);
        return this;
    }

    ArchitectureRules classes() {
        test(
                "no vague class names",
                () -> none("a name that says what it does", c -> vague(c) ? Stream.of(c.getName()) : Stream.of()));
        test(
                "no static mutable fields",
                () -> none(
                        "final, or a field of an object",
                        c -> c.getFields().stream()
                                .filter(f -> f.getModifiers().contains(JavaModifier.STATIC))
                                .filter(f -> !f.getModifiers().contains(JavaModifier.FINAL))
                                .map(JavaField::getFullName)));
        return this;
    }

    ArchitectureRules daemon(List<String> plain) {
        SourceRules sources = new SourceRules(module);
        test("the root package has at most " + SourceRules.LARGEST_ROOT + " files", () -> sources.root(base));
        test("plain logic sees no channel", () -> plainLogic(plain));
        test("no socket is bound here", () -> none("bound by io.plinth.kit.net.Listeners", c -> accesses(c, BINDING)));
        return dependencies(
                        DAEMONS.stream().filter(daemon -> !daemon.equals(base)).toList())
                .dependencies(ABOVE)
                .given();
    }

    /** Time and chance come through constructors: only where objects are wired are they taken from the system. */
    ArchitectureRules given() {
        test(
                "time and chance are given",
                () -> none(
                        "given through the constructor: Clock, LongSupplier, RandomGenerator",
                        c -> wires(c) ? Stream.of() : accesses(c, TIME_AND_CHANCE)));
        return this;
    }

    ArchitectureRules dependencies(List<String> forbidden) {
        for (String other : forbidden) {
            test(
                    "does not depend on " + other,
                    () -> check(noClasses().should().dependOnClassesThat().resideInAnyPackage(other, other + "..")));
        }
        return this;
    }

    private void plainLogic(List<String> plain) {
        String[] packages = plain.stream().map(name -> base + "." + name + "..").toArray(String[]::new);
        check(noClasses()
                .that()
                .resideInAnyPackage(packages)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.netty.channel..", "io.netty.bootstrap..")
                .allowEmptyShould(true));
    }

    private void check(ArchRule rule) {
        rule.check(classes);
    }

    private void none(String expected, Function<JavaClass, Stream<String>> offences) {
        List<String> found =
                classes.stream().flatMap(offences).distinct().sorted().toList();
        SourceRules.none(found, expected);
    }

    private static Stream<String> accesses(JavaClass type, Set<String> targets) {
        Predicate<JavaAccess<?>> wanted = access -> targets.contains(
                access.getTargetOwner().getName() + "." + access.getTarget().getName());
        return type.getAccessesFromSelf().stream()
                .filter(wanted)
                .filter(access -> !clocked(access))
                .map(access -> access.getOrigin().getFullName() + " uses "
                        + access.getTarget().getFullName() + " " + access.getSourceCodeLocation());
    }

    /** {@code Instant.now(clock)} is given its time. */
    private static boolean clocked(JavaAccess<?> access) {
        return access.getTarget().getName().equals("now")
                && access.getTarget().getFullName().contains("java.time.Clock");
    }

    private boolean wires(JavaClass type) {
        return type.getPackageName().equals(base)
                || type.getPackageName().startsWith("io.plinth.kit.lifecycle")
                || type.getPackageName().startsWith("io.plinth.kit.net")
                || type.getSimpleName().endsWith("Main");
    }

    private static boolean vague(JavaClass type) {
        return VAGUE.matcher(type.getSimpleName()).find();
    }

    private void test(String name, Executable rule) {
        tests.add(DynamicTest.dynamicTest(name, rule));
    }
}
