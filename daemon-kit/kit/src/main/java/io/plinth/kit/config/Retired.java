package io.plinth.kit.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** On a record: keys it once had, each with what to write instead, as {@code "old-key: use new-key"}. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Retired {
    /** {@code "old-key: what to do"} each. */
    String[] value();
}
