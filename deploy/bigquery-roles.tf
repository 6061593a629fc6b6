# Least privilege: who verifies reads one dataset, who loads writes one test dataset; both may run jobs.
variable "project" {
  type = string
}

variable "production_dataset" {
  type = string
}

variable "test_dataset" {
  type = string
}

variable "repository" {
  type        = string
  description = "OWNER/NAME on GitHub, whose workflows may verify."
}

resource "google_service_account" "verify" {
  project    = var.project
  account_id = "caption-sim-verify"
}

resource "google_service_account" "load" {
  project    = var.project
  account_id = "caption-sim-load"
}

resource "google_bigquery_dataset_iam_member" "verify" {
  project    = var.project
  dataset_id = var.production_dataset
  role       = "roles/bigquery.dataViewer"
  member     = google_service_account.verify.member
}

resource "google_bigquery_dataset_iam_member" "load" {
  project    = var.project
  dataset_id = var.test_dataset
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.load.member
}

resource "google_project_iam_member" "jobs" {
  for_each = {
    verify = google_service_account.verify.member
    load   = google_service_account.load.member
  }
  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = each.value
}

resource "google_iam_workload_identity_pool" "github" {
  project                   = var.project
  workload_identity_pool_id = "github"
}

resource "google_iam_workload_identity_pool_provider" "github" {
  project                            = var.project
  workload_identity_pool_id          = google_iam_workload_identity_pool.github.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  attribute_condition                = "assertion.repository == '${var.repository}'"
  attribute_mapping = {
    "google.subject"       = "assertion.sub"
    "attribute.repository" = "assertion.repository"
  }
  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account_iam_member" "github" {
  service_account_id = google_service_account.verify.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.github.name}/attribute.repository/${var.repository}"
}
