package io.plinth.kvcache.command.geo;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The machine's C library, which Redis computes distances with: of {@code asin} the JDK's has another last bit for one argument in
 * seventeen, which a score that STOREDIST leaves shows, and the fourth decimal of a distance now and then. Calls take as long as the JDK's own.
 */
final class Libm {
    private static final MethodHandle SIN = function("sin");
    private static final MethodHandle COS = function("cos");
    private static final MethodHandle ASIN = function("asin");

    private Libm() {}

    @SuppressWarnings("restricted")
    private static MethodHandle function(String name) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(ValueLayout.JAVA_DOUBLE, ValueLayout.JAVA_DOUBLE),
                Linker.Option.critical(false));
    }

    static double sin(double angle) {
        try {
            return (double) SIN.invokeExact(angle);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    static double cos(double angle) {
        try {
            return (double) COS.invokeExact(angle);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    static double asin(double sine) {
        try {
            return (double) ASIN.invokeExact(sine);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
