/**
 * PostgreSQL proxy: listen -&gt; decode ({@code wire}) -&gt; converse ({@code client}) -&gt; route -&gt; act ({@code pool},
 * {@code server}) -&gt; encode.
 */
@NullMarked
package io.plinth.dbproxy;

import org.jspecify.annotations.NullMarked;
