@NullMarked
package io.plinth.kit.health;

import org.jspecify.annotations.NullMarked;
