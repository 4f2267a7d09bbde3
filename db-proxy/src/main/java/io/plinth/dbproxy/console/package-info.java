/**
 * PgBouncer's admin console: command -&gt; question to every event loop -&gt; table, or an operation.
 */
@NullMarked
package io.plinth.dbproxy.console;

import org.jspecify.annotations.NullMarked;
