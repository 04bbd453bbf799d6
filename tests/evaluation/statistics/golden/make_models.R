# Freezes what R's ordinal, lme4, lmerTest and emmeans say about models_data.csv; run in this folder.
suppressMessages({library(ordinal); library(lme4); library(lmerTest); library(emmeans)})

ratings <- read.csv("models_data.csv", stringsAsFactors = TRUE)
for (name in c("seven", "binary", "flat")) ratings[[name]] <- factor(ratings[[name]], ordered = TRUE)
rows <- list()
keep <- function(model, part, term, estimate, se = NA, df = NA, p = NA, low = NA, high = NA)
  rows[[length(rows) + 1]] <<- data.frame(model, part, term, estimate, se, df, p, low, high, row.names = NULL)

ordinal_model <- function(name, formula) {
  fit <- clmm(as.formula(formula), data = ratings, Hess = TRUE, control = clmm.control(gradTol = 1e-6))
  keep(name, "log_likelihood", "", as.numeric(logLik(fit)))
  se <- sqrt(diag(vcov(fit)))
  keep(name, "threshold", names(fit$alpha), as.numeric(fit$alpha), se[seq_along(fit$alpha)])
  keep(name, "coefficient", names(fit$beta), as.numeric(fit$beta), se[names(fit$beta)])
  keep(name, "random_sd", names(fit$ST), sapply(fit$ST, function(s) s[1, 1]))
}
ordinal_model("seven", "seven ~ method + years + (1|rater) + (1|case) + (1|case:method)")
ordinal_model("binary", "binary ~ method + (1|rater) + (1|case)")
ordinal_model("flat", "flat ~ method + (1|case)")
ordinal_model("single", "seven ~ method + (1|case)")

plain <- clm(seven ~ method, data = ratings)
bounds <- confint(plain, type = "profile")
keep("plain", "profile", rownames(bounds), as.numeric(coef(plain)[rownames(bounds)]), low = bounds[, 1], high = bounds[, 2])
nominal <- clm(seven ~ 1, nominal = ~ method, data = ratings)
test <- anova(plain, nominal)
keep("plain", "nominal", "method", test$LR.stat[2], df = test$df[2], p = test$`Pr(>Chisq)`[2])
new <- data.frame(method = levels(ratings$method))
said <- predict(plain, newdata = new, interval = TRUE, type = "prob")
for (k in seq_len(ncol(said$fit)))
  keep("plain", "probability", paste0(new$method, ":", k), said$fit[, k], low = said$lwr[, k], high = said$upr[, k])

one <- clmm2(seven ~ method, random = case, data = ratings, Hess = TRUE)
two <- clmm2(seven ~ 1, nominal = ~ method, random = case, data = ratings, Hess = TRUE)
statistic <- 2 * as.numeric(two$logLik - one$logLik)
keep("single", "nominal", "method", statistic, df = 10, p = pchisq(statistic, 10, lower.tail = FALSE))

linear_model <- function(name, formula, reml) {
  fit <- lmer(as.formula(formula), data = ratings, REML = reml,
              control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9), boundary.tol = 0))
  keep(name, "criterion", "", if (reml) REMLcrit(fit) else as.numeric(-2 * logLik(fit)))
  table <- coef(summary(fit))
  keep(name, "coefficient", rownames(table), table[, 1], table[, 2], table[, 3], table[, 5])
  sd <- as.data.frame(VarCorr(fit))
  keep(name, "random_sd", sd$grp, sd$sdcor)
  fit
}
scores <- linear_model("score", "score ~ method + years + (1|rater) + (1|case) + (1|rater:method) + (1|case:method)", TRUE)
linear_model("score_ml", "score ~ method + years + (1|rater) + (1|case)", FALSE)
ratings$steady <- ratings$score - ave(ratings$score, ratings$rater)
linear_model("steady", "steady ~ method + (1|rater) + (1|case)", TRUE)

marginal <- emmeans(scores, ~ method, lmer.df = "satterthwaite")
contrast_rows <- function(part, table, bounds)
  keep("score", part, as.character(table$contrast), table$estimate, table$SE, table$df, table$p.value,
       bounds$lower.CL, bounds$upper.CL)
tukey <- contrast(marginal, "pairwise", adjust = "tukey")
contrast_rows("tukey", as.data.frame(summary(tukey)), as.data.frame(confint(tukey)))
holm <- contrast(marginal, "pairwise", adjust = "holm")
contrast_rows("holm", as.data.frame(summary(holm)), as.data.frame(confint(holm, adjust = "bonferroni")))
set.seed(1)
against <- contrast(marginal, "trt.vs.ctrl", ref = "gradcam", adjust = "mvt")
contrast_rows("dunnett", as.data.frame(summary(against)), as.data.frame(confint(against)))

write.csv(do.call(rbind, rows), "models.csv", row.names = FALSE)
writeLines(c(R.version.string, sapply(c("ordinal", "lme4", "lmerTest", "emmeans"),
                                      function(name) paste(name, packageVersion(name)))), "models_versions.txt")
