/**
 * Other poolers' files: read -&gt; the section {@code db-proxy} that means the same.
 */
@NullMarked
package io.plinth.dbproxy.migrate;

import org.jspecify.annotations.NullMarked;
