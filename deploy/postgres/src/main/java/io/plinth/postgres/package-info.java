/**
 * Real PostgreSQL servers without an installation: archive -&gt; binaries -&gt; data folder -&gt; running server -&gt; replica.
 */
@NullMarked
package io.plinth.postgres;

import org.jspecify.annotations.NullMarked;
