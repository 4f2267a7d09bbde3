package io.plinth.kit.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * What a key is when the file does not have it, written as it would stand in the file ({@code "2s"}, {@code "64MiB"}).
 *
 * <p>A component without a default is required, unless it is {@code @Nullable} (then null), a {@code Map} or
 * {@code List} (then empty) or a record all of whose components may be left out (then that record of defaults).
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Default {
    /** The default as YAML scalar text. */
    String value();
}
