package io.plinth.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test beside other programs: runs where all are on the PATH, is reported as skipped otherwise, and fails otherwise under
 * {@code -Dpeers=required}.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
@ExtendWith(Peer.Condition.class)
public @interface RequiresPeer {
    /** Names of the programs, as typed: {@code redis-server}. */
    String[] value();
}
