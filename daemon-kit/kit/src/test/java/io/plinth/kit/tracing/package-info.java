@NullMarked
package io.plinth.kit.tracing;

import org.jspecify.annotations.NullMarked;
