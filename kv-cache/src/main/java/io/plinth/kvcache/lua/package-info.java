/**
 * Lua 5.1 as Redis scripts see it: values, the state of one run with its budgets, and coroutines. A value is {@code null} for nil,
 * {@link java.lang.Boolean}, {@link java.lang.Double}, {@link java.lang.String} with one char per byte, {@link
 * io.plinth.kvcache.lua.LuaTable}, {@link io.plinth.kvcache.lua.LuaFunction} or {@link io.plinth.kvcache.lua.Coroutine}; several
 * values together are an {@code Object[]}. Plain logic: no Netty.
 */
@NullMarked
package io.plinth.kvcache.lua;

import org.jspecify.annotations.NullMarked;
