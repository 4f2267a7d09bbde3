/** Rules for statements: text, user, kind, tables -&gt; denied, routed, bounded in time or number. */
@NullMarked
package io.plinth.dbproxy.rule;

import org.jspecify.annotations.NullMarked;
