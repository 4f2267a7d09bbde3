@NullMarked
package io.plinth.kvcache.command;

import org.jspecify.annotations.NullMarked;
