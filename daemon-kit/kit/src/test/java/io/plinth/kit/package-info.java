@NullMarked
package io.plinth.kit;

import org.jspecify.annotations.NullMarked;
