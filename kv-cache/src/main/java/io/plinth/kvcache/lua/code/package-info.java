/** From a script's text to a tree of nodes that run: {@link io.plinth.kvcache.lua.code.Parser} builds, {@code Expr} and {@code Stat} do. */
@NullMarked
package io.plinth.kvcache.lua.code;

import org.jspecify.annotations.NullMarked;
